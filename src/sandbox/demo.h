/* demo.h: the secrets and the config of the sandbox's own shop.
 *
 * They are the same for everybody and open nothing but the sandbox, which is on loopback.
 */
#ifndef SANDBOX_DEMO_H
#define SANDBOX_DEMO_H

#include "base/base.h"

struct arena;

#define DEMO_TOKEN       "1234567890:SANDBOXsandboxSANDBOXsandboxSANDBOX"
#define DEMO_USERNAME    "sandbox_shop_bot"
#define DEMO_ADMIN_PATH  "SandboxAdminPath"
#define DEMO_CLIENT_PATH "SandboxClientPath"
#define DEMO_OWNER       "5a4db0e5-0c1d-4e5f-8a6b-7c8d9e0f1a2b"
#define DEMO_PAY_KEY     "sandbox-payment-key"
#define DEMO_PANEL_ZONE  "+03:30"
#define DEMO_PANEL_MIN   210 /* the same in minutes */

struct demo_ports {
    int telegram, panel, pay;
    int hook; /* where the shop listens for updates; 0: it polls for them */
};

struct str demo_config(struct arena *arena, const struct demo_ports *ports, const char *data);

#endif
