/* hiddify_model.c: the door of the panel: proxy, path kind, route, key, and then the call.
 *
 * The order of the refusals is the real panel's: a wrong path is told before a wrong key.
 */
#include "sandbox/hiddify_model.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/json.h"
#include "sandbox/hiddify_inside.h"
#include "sandbox/keep.h"

static const struct str DECOY = STR_INIT("<!doctype html><html><head><title>Welcome</title></head>"
                                         "<body>decoy site</body></html>\n");
static const struct str PROXY_503 =
    STR_INIT("<html><body><h1>503 Service Unavailable</h1>\n"
             "No server is available to handle this request.\n</body></html>\n");

/* ---- routes */

static void no_route(struct panel_call *call) {
    panel_blow_up(call,
                  "404 Not Found: The requested URL was not found on the server. If you entered "
                  "the URL manually please check your spelling and try again.");
}

enum access { OPEN, ADMIN, USER };

static const struct route {
    const char *path; /* "*" at its end: a uuid and a slash */
    enum http_method method;
    enum access access;
    void (*run)(struct panel_call *call);
} routes[] = {
    {"api/v2/admin/me/", HTTP_GET, ADMIN, panel_admin_me},
    {"api/v2/admin/user/", HTTP_GET, ADMIN, panel_list_users},
    {"api/v2/admin/user/", HTTP_POST, ADMIN, panel_create_user},
    {"api/v2/admin/user/*", HTTP_GET, ADMIN, panel_get_user},
    {"api/v2/admin/user/*", HTTP_PATCH, ADMIN, panel_patch_user},
    {"api/v2/admin/user/*", HTTP_DELETE, ADMIN, panel_delete_user},
    {"api/v2/admin/server_status/", HTTP_GET, ADMIN, panel_server_status},
    {"api/v2/admin/update_user_usage/", HTTP_GET, ADMIN, panel_update_usage},
    {"api/v2/panel/info/", HTTP_GET, OPEN, panel_info},
    {"api/v2/panel/ping/", HTTP_GET, OPEN, panel_ping},
    {"api/v2/panel/ping/", HTTP_POST, OPEN, panel_ping},
    {"api/v2/user/me/", HTTP_GET, USER, panel_user_me},
};

static bool path_fits(const struct route *route, struct str path, struct str *ret_uuid) {
    struct str pattern = str_of(route->path);
    *ret_uuid = STR_NONE;
    if (!str_ends(pattern, STR("*"))) {
        return str_equal(path, pattern);
    }
    pattern = str_sub(pattern, 0, pattern.n - 1);
    struct str tail = str_sub(path, pattern.n, path.n);
    if (!str_starts(path, pattern) || tail.n != 37 || tail.p[36] != '/' ||
        !hiddify_uuid_has_form(str_sub(tail, 0, 36))) {
        return false;
    }
    *ret_uuid = str_sub(tail, 0, 36);
    return true;
}

/* The route, or NULL: *ret_path_known says whether only the method was wrong. */
static const struct route *find_route(const struct panel_call *call, struct str path,
                                      struct str *ret_uuid, bool *ret_path_known) {
    *ret_path_known = false;
    for (size_t i = 0; i < GB_COUNT(routes); i++) {
        if (!path_fits(&routes[i], path, ret_uuid)) {
            continue;
        }
        *ret_path_known = true;
        if (routes[i].method == call->visit->request->method) {
            return &routes[i];
        }
    }
    return NULL;
}

static struct str basic_user(struct panel_call *call) {
    struct str value = visit_header(call->visit, "Authorization");
    struct str decoded;
    if (!str_starts(value, STR("Basic ")) ||
        base64_decode(call->arena, str_sub(value, 6, value.n), &decoded) != GB_OK ||
        !str_ends(decoded, STR(":"))) {
        return STR_NONE;
    }
    return str_sub(decoded, 0, decoded.n - 1);
}

/* Path, then header, then Basic. */
static bool may_enter(struct panel_call *call, enum access access) {
    struct str key = call->is_client ? call->key_uuid : STR_NONE;
    key = key.n > 0 ? key : visit_header(call->visit, "Hiddify-API-Key");
    key = key.n > 0 ? key : basic_user(call);
    if (access == USER) {
        call->self = key.n > 0 ? panel_find(call->model, key) : NULL;
        return call->self != NULL;
    }
    if (access == OPEN && key.n == 0) {
        return true; /* so it is on the Python all installations of 11 and 12 have */
    }
    return str_equal(key, call->model->owner);
}

static void redirect_to_slash(struct panel_call *call) {
    struct http_header *headers = ARENA_ARRAY(call->arena, struct http_header, 1);
    struct str path = call->visit->request->path;
    headers[0] = panel_header("Location", arena_printf(call->arena, "http://" STR_FMT STR_FMT "/",
                                                       STR_ARG(panel_host(call)), STR_ARG(path)));
    response_typed(call->response, 308, STR("text/html; charset=utf-8"),
                   STR("<!doctype html>\n<html lang=en>\n<title>Redirecting...</title>\n"
                       "<h1>Redirecting...</h1>\n"));
    call->response->headers = headers;
    call->response->header_count = 1;
}

static void serve_api(struct panel_call *call) {
    bool wrong_kind = call->is_client ? !str_starts(call->rest, STR("api/v2/user"))
                                      : !str_starts(call->rest, STR("api/v2/admin")) &&
                                            !str_starts(call->rest, STR("api/v2/panel"));
    if (wrong_kind) {
        panel_refuse(call, 400, "invalid request");
        return;
    }
    bool known;
    struct str ignored;
    const struct route *route = find_route(call, call->rest, &call->uuid, &known);
    if (route == NULL && known) {
        panel_blow_up(call,
                      "405 Method Not Allowed: The method is not allowed for the requested URL.");
        return;
    }
    if (route == NULL) {
        struct str slashed = arena_printf(call->arena, STR_FMT "/", STR_ARG(call->rest));
        if (find_route(call, slashed, &ignored, &known) != NULL || known) {
            redirect_to_slash(call);
        } else {
            no_route(call);
        }
        return;
    }
    if (!may_enter(call, route->access)) {
        panel_refuse(call, 403, "Unathorized"); /* the panel's spelling */
        return;
    }
    route->run(call);
}

/* "Robota/1.0" is a robot to the panel, and so is every bot. */
static bool is_robot(struct str agent) {
    static const char *const words[] = {"bot",     "spider",        "crawl", "yahoo", "whatsapp",
                                        "winhttp", "python-urllib", "silk",  "borg",  "archiver"};
    struct str head = str_sub(agent, 0, 100);
    for (size_t w = 0; w < GB_COUNT(words); w++) {
        struct str word = str_of(words[w]);
        for (size_t i = 0; i + word.n <= head.n; i++) {
            if (str_equal_nocase(str_sub(head, i, word.n), word)) {
                return true;
            }
        }
    }
    return false;
}

/* Split the path: false when its first segment is neither secret. */
static bool split_path(struct panel_call *call) {
    struct str path = call->visit->request->path;
    path = str_sub(path, 1, path.n);
    size_t slash = str_find(path, '/');
    struct str first = str_sub(path, 0, slash);
    call->rest = str_sub(path, slash + 1, path.n);
    call->is_client = str_equal(first, call->model->client_path);
    if (!call->is_client && !str_equal(first, call->model->admin_path)) {
        return false;
    }
    struct str segment = str_sub(call->rest, 0, str_find(call->rest, '/'));
    if (hiddify_uuid_has_form(segment)) {
        call->key_uuid = segment;
        call->rest = str_sub(call->rest, segment.n + 1, call->rest.n);
    }
    return true;
}

static void serve(struct panel_call *call) {
    if (!split_path(call)) {
        response_typed(call->response, 200, STR("text/html"), DECOY);
    } else if (is_robot(visit_header(call->visit, "User-Agent"))) {
        panel_refuse(call, 400, "invalid");
    } else if (str_starts(call->rest, STR("api/"))) {
        serve_api(call);
    } else if (call->is_client && call->key_uuid.n > 0) {
        panel_user_page(call);
    } else {
        no_route(call);
    }
}

/* What the panel's state makes of every call; true: that was the answer. */
static bool away(struct hiddify_model *model, const struct visit *visit,
                 struct http_response *response, enum model_verdict *ret_verdict) {
    *ret_verdict = MODEL_ANSWERS;
    switch (model->mode) {
    case HIDDIFY_UP:
        return false;
    case HIDDIFY_REFUSE:
        *response = (struct http_response){.drop = true};
        return true;
    case HIDDIFY_503:
        response_typed(response, 503, STR("text/html"), PROXY_503);
        return true;
    case HIDDIFY_DECOY:
        response_typed(response, 200, STR("text/html"), DECOY);
        return true;
    case HIDDIFY_HANG:
        holds_add(&model->holds, visit->ticket, HOLDS_NEVER, &(struct http_response){.drop = true});
        *ret_verdict = MODEL_HOLDS;
        return true;
    }
    return false;
}

/* One call at a time: the answer leaves when those before it have left. */
static enum model_verdict queue_up(struct hiddify_model *model, const struct visit *visit,
                                   const struct http_response *response) {
    if (model->busy_ms <= 0) {
        return MODEL_ANSWERS;
    }
    int64_t start = GB_MAX(model->busy_until_ms, visit->now.mono_ms);
    model->busy_until_ms = start + model->busy_ms;
    holds_add(&model->holds, visit->ticket, model->busy_until_ms, response);
    return MODEL_HOLDS;
}

enum model_verdict hiddify_handle(struct hiddify_model *model, const struct visit *visit,
                                  struct http_response *response) {
    enum model_verdict verdict;
    struct str method = str_of(visit->request->method_name);
    tally_add(&model->calls, method, STR_NONE);
    if (away(model, visit, response, &verdict)) {
        return verdict;
    }
    struct fault_hit hit = fault_plan_take(model->faults, FAULT_PANEL, method);
    if (fault_before(&hit, FAULT_PANEL, visit, &model->holds, response, &verdict)) {
        return verdict;
    }
    struct panel_call call = {.model = model,
                              .visit = visit,
                              .arena = visit->arena,
                              .response = response,
                              .today = panel_today(model, visit->now.wall_ms)};
    serve(&call);
    if (fault_after(&hit, visit, &model->holds, response) == MODEL_HOLDS) {
        return MODEL_HOLDS;
    }
    return queue_up(model, visit, response);
}

bool hiddify_next_answer(struct hiddify_model *model, struct moment now, struct arena *arena,
                         uint64_t *ret_ticket, struct http_response *response) {
    return holds_take(&model->holds, now.mono_ms, arena, ret_ticket, response);
}

int64_t hiddify_next_ms(const struct hiddify_model *model) {
    return holds_next_ms(&model->holds);
}

void hiddify_release(struct hiddify_model *model) {
    holds_release(&model->holds);
}

/* ---- control */

static const char *const mode_words[] = {
#define X(name, word) word,
    HIDDIFY_MODES(X)
#undef X
};

enum gb_err hiddify_find_mode(struct str word, enum hiddify_mode *ret_mode) {
    for (size_t i = 0; i < GB_COUNT(mode_words); i++) {
        if (str_is(word, mode_words[i])) {
            *ret_mode = (enum hiddify_mode)i;
            return GB_OK;
        }
    }
    return GB_NOT_FOUND;
}

const char *hiddify_mode_word(const struct hiddify_model *model) {
    return mode_words[model->mode];
}

void hiddify_set_mode(struct hiddify_model *model, enum hiddify_mode mode) {
    model->mode = mode;
    if (mode != HIDDIFY_HANG) {
        holds_release(&model->holds);
    }
}

void hiddify_write_stats(const struct hiddify_model *model, struct json_out *out) {
    tally_write_counts(out, "calls", &model->calls);
    tally_write_rows(out, "refused", &model->refused);
    json_put_i64(out, "users", (int64_t)model->count);
}

struct hiddify_model *hiddify_new(const struct hiddify_options *options) {
    struct hiddify_model *model = keep_new(sizeof *model);
    model->admin_path = keep_text(options->admin_path);
    model->client_path = keep_text(options->client_path);
    model->owner = keep_text(options->owner);
    model->zone_offset_min = options->zone_offset_min;
    model->busy_ms = options->busy_ms;
    model->faults = options->faults;
    model->machine = (struct hiddify_machine){
        .cpu_percent = 1, .memory_percent = 37, .disk_percent = 30, .load_hundredths = 21};
    model->next_id = 1;
    model->reset_day = panel_today(model, options->born_ms);
    rng_init(&model->rng, options->seed, STR("hiddify"));
    return model;
}

void hiddify_free(struct hiddify_model *model) {
    if (model == NULL) {
        return;
    }
    for (size_t i = 0; i < model->count; i++) {
        hiddify_user_free(model->users[i]);
    }
    keep_free(model->users);
    tally_free(&model->calls);
    tally_free(&model->refused);
    holds_free(&model->holds);
    keep_drop(&model->admin_path);
    keep_drop(&model->client_path);
    keep_drop(&model->owner);
    keep_free(model);
}
