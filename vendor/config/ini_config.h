/* Settings of inih, put in front of its ini.h: what one line may be, and no surprises in it. */
#define INI_HANDLER_LINENO      1    /* the handler is told the line: faults are named with it */
#define INI_MAX_LINE            1000 /* bytes on the stack; a longer line is a fault */
#define INI_STOP_ON_FIRST_ERROR 0    /* all faults at once */
#define INI_ALLOW_MULTILINE     0    /* an indented line is not a continuation */
