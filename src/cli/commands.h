/* commands.h: the commands of main.c's table. Each gets the words behind its name and returns the
 * exit status: 0 done, 1 failed, 2 wrong words or settings.
 */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

int command_run(int argc, char **argv);
int command_sandbox(int argc, char **argv);
int command_check(int argc, char **argv);
int command_config(int argc, char **argv);
int command_state(int argc, char **argv);
int command_export(int argc, char **argv);
int command_jobs(int argc, char **argv);
int command_import(int argc, char **argv);
int command_backup(int argc, char **argv);
int command_restore(int argc, char **argv);
int command_version(int argc, char **argv);

#endif
