/* demo.c: the config file of the sandbox's shop, with the addresses of its world.
 *
 * Two places to choose, of which one has a server; three things to buy, for roubles and for Stars.
 */
#include "sandbox/demo.h"

#include "base/arena.h"

static struct str webhook_section(struct arena *arena, int port) {
    if (port == 0) {
        return STR_NONE;
    }
    return arena_printf(arena,
                        "[webhook]\n"
                        "url = http://127.0.0.1:%d/hook\n"
                        "listen = 127.0.0.1:%d\n"
                        "\n",
                        port, port);
}

struct str demo_config(struct arena *arena, const struct demo_ports *ports, const char *data) {
    struct str hook = webhook_section(arena, ports->hook);
    return arena_printf(
        arena,
        "# The sandbox's shop. All of it is on this machine; none of it is worth anything.\n"
        "[telegram]\n"
        "token = " DEMO_TOKEN "\n"
        "api_base = http://127.0.0.1:%d\n"
        "\n" STR_FMT "[store]\n"
        "directory = %s\n"
        "\n"
        "[backup]\n"
        "directory = %s/backups\n"
        "\n"
        "[shop]\n"
        "name = Sandbox VPN\n"
        "language = ru\n"
        "currency = RUB\n"
        "time_zone = +03:00\n"
        "support = @sandbox_support\n"
        "\n"
        "[stars]\n"
        "enabled = yes\n"
        "\n"
        "[pay_test]\n"
        "enabled = yes\n"
        "api_base = http://127.0.0.1:%d\n"
        "key = " DEMO_PAY_KEY "\n"
        "\n"
        "[location de]\n"
        "name = \xf0\x9f\x87\xa9\xf0\x9f\x87\xaa Германия\n"
        "name_en = \xf0\x9f\x87\xa9\xf0\x9f\x87\xaa Germany\n"
        "\n"
        "[location nl]\n"
        "name = \xf0\x9f\x87\xb3\xf0\x9f\x87\xb1 Нидерланды\n"
        "name_en = \xf0\x9f\x87\xb3\xf0\x9f\x87\xb1 Netherlands\n"
        "\n"
        "[server de1]\n"
        "location = de\n"
        "panel = http://127.0.0.1:%d/" DEMO_ADMIN_PATH "\n"
        "key = " DEMO_OWNER "\n"
        "user_link = http://127.0.0.1:%d/" DEMO_CLIENT_PATH "\n"
        "time_zone = " DEMO_PANEL_ZONE "\n"
        "\n"
        "[server nl1]\n"
        "location = nl\n"
        "panel = http://127.0.0.1:%d/" DEMO_ADMIN_PATH "\n"
        "key = " DEMO_OWNER "\n"
        "user_link = http://127.0.0.1:%d/" DEMO_CLIENT_PATH "\n"
        "time_zone = " DEMO_PANEL_ZONE "\n"
        "\n"
        "[tariff m1]\n"
        "days = 30\n"
        "traffic_gb = 50\n"
        "price = 149\n"
        "stars = 99\n"
        "\n"
        "[tariff m3]\n"
        "days = 90\n"
        "traffic_gb = 200\n"
        "price = 399\n"
        "stars = 259\n"
        "\n"
        "[tariff y1]\n"
        "days = 365\n"
        "price = 1190\n"
        "stars = 790\n",
        ports->telegram, STR_ARG(hook), data, data, ports->pay, ports->panel, ports->panel,
        ports->panel, ports->panel);
}
