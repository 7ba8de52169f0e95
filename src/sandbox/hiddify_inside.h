/* hiddify_inside.h: the panel model's own structs and calls, for the hiddify_*.c files only.
 *
 * hiddify_model.c is the door and the routes, hiddify_calls.c and hiddify_status.c what they lead
 * to, hiddify_hand.c what the owner and the buyers do.
 */
#ifndef SANDBOX_HIDDIFY_INSIDE_H
#define SANDBOX_HIDDIFY_INSIDE_H

#include "sandbox/faults.h"
#include "sandbox/hiddify_model.h"
#include "sandbox/hiddify_users.h"
#include "sandbox/holds.h"
#include "sandbox/tally.h"

struct hiddify_model {
    struct str admin_path, client_path, owner;
    int zone_offset_min;
    int64_t busy_ms, busy_until_ms;
    struct rng rng;
    struct fault_plan *faults;
    struct holds holds;
    enum hiddify_mode mode;
    struct hiddify_user **users; /* by id */
    size_t count, capacity;
    int64_t next_id, reset_day;
    struct hiddify_machine machine;
    struct tally calls, refused;
};

/* One call under way. */
struct panel_call {
    struct hiddify_model *model;
    const struct visit *visit;
    struct arena *arena;
    struct http_response *response;
    int64_t today;
    bool is_client;            /* client path, else admin path */
    struct str key_uuid;       /* of the path, if it has one */
    struct str rest;           /* behind path segment and uuid: "api/v2/admin/me/" */
    struct str uuid;           /* of the user the route names */
    struct hiddify_user *self; /* user API: whose key it is */
};

/* Answers: `body` without its newline; refusals in the shape the caller accepts. */
void panel_answer(struct panel_call *call, int status, struct str body);
void panel_refuse(struct panel_call *call, int status, const char *text);
/* What escapes as an exception is a 500 around its text, whatever the caller accepts. */
void panel_blow_up(struct panel_call *call, const char *text);
struct http_header panel_header(const char *name, struct str value);
struct str panel_host(const struct panel_call *call);

struct hiddify_user *panel_find(const struct hiddify_model *model, struct str uuid);
int64_t panel_today(const struct hiddify_model *model, int64_t wall_ms);

/* A user with what a checked body holds; NULL: there is no room. */
struct hiddify_user *panel_add(struct hiddify_model *model, struct arena *arena,
                               const struct json *body);
/* Set what a checked body holds, its uuid too if the panel likes it. */
void panel_change(struct hiddify_user *user, const struct json *body);
void panel_drop(struct hiddify_model *model, struct hiddify_user *user);

/* hiddify_status.c; the stamp is the instant as last_online shows it, written into `place`. */
#define PANEL_STAMP_BYTES 80
struct str panel_stamp(const struct hiddify_model *model, int64_t wall_ms, char *place);
void panel_server_status(struct panel_call *call);

/* hiddify_calls.c: what the routes lead to. */
void panel_list_users(struct panel_call *call);
void panel_create_user(struct panel_call *call);
void panel_get_user(struct panel_call *call);
void panel_patch_user(struct panel_call *call);
void panel_delete_user(struct panel_call *call);
void panel_admin_me(struct panel_call *call);
void panel_update_usage(struct panel_call *call);
void panel_info(struct panel_call *call);
void panel_ping(struct panel_call *call);
void panel_user_me(struct panel_call *call);
/* The buyers' page: links for an application, a page for a browser. */
void panel_user_page(struct panel_call *call);

#endif
