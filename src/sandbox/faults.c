/* faults.c: which call a fault hits, and what the caller gets to see.
 *
 * A fault that hits a call is the same for all three models; only the words of a refusal differ by
 * whose server it is.
 */
#include "sandbox/faults.h"

#include "base/arena.h"
#include "base/json.h"
#include "sandbox/keep.h"

static const char *const words[] = {
#define X(name, word) word,
    FAULT_KINDS(X)
#undef X
};

static const struct str PROXY_HTML =
    STR_INIT("<html>\r\n<head><title>502 Bad Gateway</title></head>"
             "\r\n<body>\r\n<center><h1>502 Bad Gateway</h1>"
             "</center>\r\n<hr><center>nginx</center>\r\n</body>"
             "\r\n</html>\r\n");

enum gb_err fault_find(struct str word, enum fault_what *ret_what) {
    for (size_t i = 1; i < GB_COUNT(words); i++) {
        if (str_is(word, words[i])) {
            *ret_what = (enum fault_what)i;
            return GB_OK;
        }
    }
    return GB_NOT_FOUND;
}

static void drop_texts(struct fault *fault) {
    keep_drop(&fault->method);
    keep_drop(&fault->text);
}

/* Those used up stay in the list until it is needed again: a hit's text points into it. */
static void sweep(struct fault_plan *faults) {
    size_t left = 0;
    for (size_t i = 0; i < faults->count; i++) {
        if (faults->list[i].count <= 0) {
            drop_texts(&faults->list[i]);
        } else {
            faults->list[left++] = faults->list[i];
        }
    }
    faults->count = left;
}

enum gb_err fault_plan_add(struct fault_plan *faults, const struct fault *fault) {
    sweep(faults);
    if (faults->count == FAULTS_MAX) {
        return GB_NO_SPACE;
    }
    struct fault *slot = &faults->list[faults->count++];
    *slot = *fault;
    slot->method = keep_text(fault->method);
    slot->text = keep_text(fault->text);
    return GB_OK;
}

void fault_plan_clear(struct fault_plan *faults) {
    for (size_t i = 0; i < faults->count; i++) {
        drop_texts(&faults->list[i]);
    }
    faults->count = 0;
}

static bool fits(const struct fault *fault, enum fault_where where, struct str method) {
    if (fault->where != where || fault->count <= 0) {
        return false;
    }
    if (fault->method.n == 0) {
        return !str_equal_nocase(method, STR("getUpdates")) &&
               !str_equal_nocase(method, STR("webhook"));
    }
    return str_equal_nocase(fault->method, method);
}

struct fault_hit fault_plan_take(struct fault_plan *faults, enum fault_where where,
                                 struct str method) {
    sweep(faults);
    for (size_t i = 0; i < faults->count; i++) {
        struct fault *fault = &faults->list[i];
        if (!fits(fault, where, method)) {
            continue;
        }
        if (fault->skip > 0) {
            fault->skip--;
            continue;
        }
        fault->count--;
        return (struct fault_hit){fault->what, fault->retry_after_s, fault->delay_ms, fault->text};
    }
    return (struct fault_hit){.what = FAULT_NONE};
}

/* The refusal as each of the three servers words it. */
static struct str refusal(const struct visit *visit, enum fault_where where, int status,
                          struct str text, int64_t retry_after_s) {
    struct buf buf;
    struct json_out out;
    buf_init(&buf, visit->arena, 4096);
    json_begin(&out, &buf);
    json_open_object(&out, NULL);
    if (where == FAULT_TELEGRAM) {
        json_put_bool(&out, "ok", false);
        json_put_i64(&out, "error_code", status);
        json_put_str(&out, "description", text);
        if (retry_after_s > 0) {
            json_open_object(&out, "parameters");
            json_put_i64(&out, "retry_after", retry_after_s);
            json_close(&out);
        }
    } else {
        json_put_str(&out, where == FAULT_PANEL ? "msg" : "error", text);
    }
    json_close(&out);
    return buf_str(&buf);
}

static struct str or_else(struct str text, const char *fallback) {
    return text.n > 0 ? text : str_of(fallback);
}

static void too_many(const struct fault_hit *hit, enum fault_where where, const struct visit *visit,
                     struct http_response *response) {
    int64_t seconds = hit->retry_after_s > 0 ? hit->retry_after_s : 1;
    struct str text =
        arena_printf(visit->arena, "Too Many Requests: retry after %" PRId64, seconds);
    response_json(response, 429, refusal(visit, where, 429, text, seconds));
    struct http_header *header = ARENA_NEW(visit->arena, struct http_header);
    *header =
        (struct http_header){STR("Retry-After"), arena_printf(visit->arena, "%" PRId64, seconds)};
    response->headers = header;
    response->header_count = 1;
}

static void refuse(const struct fault_hit *hit, enum fault_where where, const struct visit *visit,
                   int status, const char *text, struct http_response *response) {
    response_json(response, status, refusal(visit, where, status, or_else(hit->text, text), 0));
}

bool fault_before(const struct fault_hit *hit, enum fault_where where, const struct visit *visit,
                  struct holds *holds, struct http_response *response,
                  enum model_verdict *ret_verdict) {
    bool telegram = where == FAULT_TELEGRAM;
    *ret_verdict = MODEL_ANSWERS;
    switch (hit->what) {
    case FAULT_NONE:
    case FAULT_LOSE_ANSWER:
    case FAULT_SLOW:
        return false;
    case FAULT_500:
        refuse(hit, where, visit, 500, "Internal Server Error", response);
        return true;
    case FAULT_502_HTML:
        response_typed(response, 502, STR("text/html"), PROXY_HTML);
        return true;
    case FAULT_429:
        too_many(hit, where, visit, response);
        return true;
    case FAULT_403_BLOCKED:
        refuse(hit, where, visit, 403,
               telegram ? "Forbidden: bot was blocked by the user" : "Unathorized", response);
        return true;
    case FAULT_400:
        refuse(hit, where, visit, 400, telegram ? "Bad Request: refused on purpose" : "invalid",
               response);
        return true;
    case FAULT_DROP:
        *response = (struct http_response){.drop = true};
        return true;
    case FAULT_GARBAGE:
        response_typed(response, 200, STR("application/json"), STR("{\"ok\":tru\xff\x01<"));
        return true;
    case FAULT_HANG:
        holds_add(holds, visit->ticket, HOLDS_NEVER, &(struct http_response){.drop = true});
        *ret_verdict = MODEL_HOLDS;
        return true;
    }
    return false;
}

enum model_verdict fault_after(const struct fault_hit *hit, const struct visit *visit,
                               struct holds *holds, struct http_response *response) {
    if (hit->what == FAULT_LOSE_ANSWER) {
        *response = (struct http_response){.drop = true};
    } else if (hit->what == FAULT_SLOW) {
        holds_add(holds, visit->ticket, visit->now.mono_ms + hit->delay_ms, response);
        return MODEL_HOLDS;
    }
    return MODEL_ANSWERS;
}
