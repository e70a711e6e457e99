/*
 * decide.c - who may read: the operator at this machine, and the runs of the products that the
 * operator registered, which read in the name of their domain; nobody else until there are
 * policies.
 *
 * The operator is the login of the user this process runs as. weft_ledger_open refuses a home that
 * belongs to another user, so whoever comes here owns the home's files.
 */
#include "trust/decide.h"

#include "base/clock.h"

#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LOGIN_BUFFER 4096

/* "local:<login>"; the number where the login is not known or does not fit. */
static void principal_local(uid_t uid, char out[WEFT_PRINCIPAL_MAX])
{
    char buffer[LOGIN_BUFFER];
    struct passwd entry, *found = NULL;
    int written = -1;
    if (getpwuid_r(uid, &entry, buffer, sizeof buffer, &found) == 0 && found != NULL &&
        found->pw_name[0] != '\0')
        written = snprintf(out, WEFT_PRINCIPAL_MAX, "local:%s", found->pw_name);
    if (written < 0 || written >= WEFT_PRINCIPAL_MAX)
        snprintf(out, WEFT_PRINCIPAL_MAX, "local:%u", (unsigned)uid);
}

/* "domain:california", of a run: it reads products, no quarantine and no mesh. table. Whoever can
 * make a run owns the home's files (weft_ledger_open refuses all others). */
static bool principal_is_run(const struct weft_request *request, const char *product)
{
    static const char prefix[] = "domain:";
    return strncmp(request->principal, prefix, sizeof prefix - 1) == 0 &&
           request->principal[sizeof prefix - 1] != '\0' && strcmp(request->purpose, "run") == 0 &&
           strncmp(product, "mesh.", 5) != 0 && strstr(product, "__quarantine") == NULL;
}

int weft_trust_decide(const struct weft_request *request, const char *product,
                      struct weft_decision *decision, struct weft_error *error)
{
    if (product == NULL || product[0] == '\0')
        return weft_error_set(error, WEFT_E_INTERNAL, "a decision needs the name of what is read");
    char operator_name[WEFT_PRINCIPAL_MAX];
    principal_local(geteuid(), operator_name);
    struct weft_decision made = {.verdict = WEFT_VERDICT_NO};
    bool whole = memchr(request->principal, '\0', sizeof request->principal) != NULL &&
                 memchr(request->purpose, '\0', sizeof request->purpose) != NULL;
    if (whole && strcmp(request->principal, operator_name) == 0) {
        made.verdict = WEFT_VERDICT_YES;
        snprintf(made.reason, sizeof made.reason, "local operator");
    } else if (whole && principal_is_run(request, product)) {
        made.verdict = WEFT_VERDICT_YES;
        snprintf(made.reason, sizeof made.reason, "a run of this home");
    } else {
        snprintf(made.reason, sizeof made.reason,
                 "only the local operator may read: this version has no policies yet");
    }
    *decision = made;
    return 0;
}

void weft_request_local(struct weft_request *request)
{
    *request = (struct weft_request){.time_us = weft_clock_us()};
    principal_local(getuid(), request->principal);
}
