/*
 * register.c - the kinds of entries and the tables of this floor, registered at start.
 */
#include "trust/audit_internal.h"
#include "trust/dependencies.h"
#include "trust/policies.h"
#include "trust/trust_internal.h"

void weft_trust_register(void)
{
    weft_principals_register();
    weft_keys_register();
    weft_requests_register();
    weft_audit_register();
    weft_trust_mesh_tables_register();
    weft_policies_register();
    weft_dependencies_register();
}
