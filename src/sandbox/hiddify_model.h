/* hiddify_model.h: a Hiddify panel 12.3.0 with one owner, in memory: API v2 and the buyers' page.
 *
 * Two secret path segments: the admin's and the clients'. Whatever begins otherwise gets the decoy
 * web site. Bodies are byte for byte those of the real panel: sorted keys, \u escapes, a newline.
 * Its oddities are kept: 403 "Unathorized", 404 for an empty list, 500 around a 404 or 405, a
 * silent new uuid for one that is not a lower-case version 4, start_date only beside package_days.
 *
 * The panel is one process with one thread: calls are answered one after another, each taking
 * busy_ms. Bounds: HIDDIFY_USERS_MAX users. Not played: API v1, sub-admins, config lists.
 */
#ifndef SANDBOX_HIDDIFY_MODEL_H
#define SANDBOX_HIDDIFY_MODEL_H

#include "base/crypto.h"
#include "sandbox/model.h"

#define HIDDIFY_USERS_MAX 20000

struct hiddify_model;
struct json;
struct json_out;

/*  name    word in the control interface, and what every call gets */
#define HIDDIFY_MODES(X)                                                                           \
    X(UP, "up")         /* an answer */                                                            \
    X(REFUSE, "refuse") /* the connection closed */                                                \
    X(503, "503")       /* HTML of the proxy in front */                                           \
    X(DECOY, "decoy")   /* the decoy web site, status 200 */                                       \
    X(HANG, "hang")     /* nothing, until the panel is up again */

enum hiddify_mode {
#define X(name, word) HIDDIFY_##name,
    HIDDIFY_MODES(X)
#undef X
};

struct hiddify_options {
    struct str admin_path, client_path; /* without slashes */
    struct str owner;                   /* uuid: the key */
    int zone_offset_min;                /* of the panel's dates */
    int64_t busy_ms;                    /* how long each call keeps the panel */
    const uint8_t *seed;                /* SHA256_BYTES */
    struct fault_plan *faults;          /* outlives the model */
    int64_t born_ms;                    /* wall clock: last_reset_time of every user */
};

struct hiddify_model *hiddify_new(const struct hiddify_options *options);
void hiddify_free(struct hiddify_model *model); /* NULL is fine */

enum model_verdict hiddify_handle(struct hiddify_model *model, const struct visit *visit,
                                  struct http_response *response);
bool hiddify_next_answer(struct hiddify_model *model, struct moment now, struct arena *arena,
                         uint64_t *ret_ticket, struct http_response *response);
int64_t hiddify_next_ms(const struct hiddify_model *model);
/* End the calls that a fault has hung up. */
void hiddify_release(struct hiddify_model *model);

/* GB_NOT_FOUND: no such word. */
enum gb_err hiddify_find_mode(struct str word, enum hiddify_mode *ret_mode) GB_MUST_USE;
const char *hiddify_mode_word(const struct hiddify_model *model);
void hiddify_set_mode(struct hiddify_model *model, enum hiddify_mode mode);
/* Traffic of a user, as the panel's minute counter would enter it; the first starts the package.
 * GB_NOT_FOUND: no such user. */
enum gb_err hiddify_use(struct hiddify_model *model, const struct moment *now, struct str uuid,
                        int64_t bytes) GB_MUST_USE;
/* What the owner does in the panel's own pages, with the fields and checks of the API: change the
 * user of that uuid (any case), or make one when `uuid` is empty. *ret_json is the user afterwards.
 * GB_NOT_FOUND: no such user. GB_EXISTS: the uuid is taken. GB_NO_SPACE: no room for one more.
 * GB_INVALID: *reterr_faults is {"field":["text"]}. */
enum gb_err hiddify_edit(struct hiddify_model *model, const struct moment *now, struct arena *arena,
                         struct str uuid, const struct json *fields, struct str *ret_json,
                         struct str *reterr_faults) GB_MUST_USE;
/* GB_NOT_FOUND: no such user. */
enum gb_err hiddify_remove(struct hiddify_model *model, struct str uuid) GB_MUST_USE;

/* What server_status tells of the machine; the rest of it follows from these and the users. */
struct hiddify_machine {
    int64_t cpu_percent, memory_percent, disk_percent; /* 0 to 100 */
    int64_t load_hundredths;                           /* 21: a load of 0.21 */
};
struct hiddify_machine *hiddify_machine(struct hiddify_model *model);

/* The user list as the API gives it, but [] when there are none. */
struct str hiddify_list(const struct hiddify_model *model, const struct moment *now,
                        struct arena *arena);
/* Members of GET /api/stats: calls, refused, users. */
void hiddify_write_stats(const struct hiddify_model *model, struct json_out *out);

#endif
