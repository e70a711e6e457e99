/*
 * keys.c - the keys of the Open Data Contract Standard, v3.0 to v3.1, in our own words. A
 * table, so it is longer than a file of code may be.
 * Specification: https://bitol-io.github.io/open-data-contract-standard/
 */
#include "odcs/odcs_internal.h"

#include <string.h>

#define NEEDED .required = true
#define CUSTOM {"customProperties", .value = WEFT_ODCS_MAPS, WEFT_ODCS_CUSTOM}
#define DEFINITIONS {"authoritativeDefinitions", .value = WEFT_ODCS_MAPS, WEFT_ODCS_AUTHORITATIVE}
#define ID {"id", .value = WEFT_ODCS_ID}
#define TAGS {"tags", .value = WEFT_ODCS_TEXTS}

static const struct weft_odcs_key root_keys[] = {
    {"kind", .value = WEFT_ODCS_WORD, NEEDED, .words = "DataContract"},
    {"apiVersion", .value = WEFT_ODCS_VERSION, NEEDED},
    {"id", .value = WEFT_ODCS_TEXT, NEEDED},
    {"version", .value = WEFT_ODCS_TEXT, NEEDED},
    {"status", .value = WEFT_ODCS_TEXT, NEEDED},
    {"name", .value = WEFT_ODCS_TEXT},
    {"tenant", .value = WEFT_ODCS_TEXT},
    {"domain", .value = WEFT_ODCS_TEXT},
    {"dataProduct", .value = WEFT_ODCS_TEXT},
    {"description", .value = WEFT_ODCS_MAP, WEFT_ODCS_DESCRIPTION},
    TAGS,
    {"servers", .value = WEFT_ODCS_MAPS, WEFT_ODCS_SERVER},
    {"schema", .value = WEFT_ODCS_MAPS, WEFT_ODCS_OBJECT},
    {"support", .value = WEFT_ODCS_MAPS, WEFT_ODCS_SUPPORT},
    {"price", .value = WEFT_ODCS_MAP, WEFT_ODCS_PRICE},
    {"team", .value = WEFT_ODCS_MAP_MAPS, WEFT_ODCS_TEAM},
    {"roles", .value = WEFT_ODCS_MAPS, WEFT_ODCS_ROLE},
    {"slaDefaultElement", .value = WEFT_ODCS_TEXT},
    {"slaProperties", .value = WEFT_ODCS_MAPS, WEFT_ODCS_SLA},
    {"contractCreatedTs", .value = WEFT_ODCS_MOMENT},
    DEFINITIONS,
    CUSTOM,
};

static const struct weft_odcs_key description_keys[] = {
    {"purpose", .value = WEFT_ODCS_TEXT},
    {"usage", .value = WEFT_ODCS_TEXT},
    {"limitations", .value = WEFT_ODCS_TEXT},
    DEFINITIONS,
    CUSTOM,
};

#define SERVER_TYPES                                                                               \
    "api|athena|azure|bigquery|clickhouse|databricks|denodo|dremio|duckdb|glue|cloudsql|db2|hive|" \
    "impala|informix|kafka|kinesis|local|mysql|oracle|postgresql|postgres|presto|pubsub|redshift|" \
    "s3|sftp|snowflake|sqlserver|synapse|trino|vertica|zen|custom"

static const struct weft_odcs_key server_keys[] = {
    {"server", .value = WEFT_ODCS_TEXT, NEEDED},
    {"type", .value = WEFT_ODCS_WORD, NEEDED, .words = SERVER_TYPES},
    {"description", .value = WEFT_ODCS_TEXT},
    {"environment", .value = WEFT_ODCS_TEXT},
    {"roles", .value = WEFT_ODCS_MAPS, WEFT_ODCS_ROLE},
    {"account", .value = WEFT_ODCS_TEXT},
    {"catalog", .value = WEFT_ODCS_TEXT},
    {"database", .value = WEFT_ODCS_TEXT},
    {"dataset", .value = WEFT_ODCS_TEXT},
    {"delimiter", .value = WEFT_ODCS_TEXT},
    {"endpointUrl", .value = WEFT_ODCS_TEXT},
    {"format", .value = WEFT_ODCS_TEXT},
    {"host", .value = WEFT_ODCS_TEXT},
    {"location", .value = WEFT_ODCS_TEXT},
    {"path", .value = WEFT_ODCS_TEXT},
    {"port", .value = WEFT_ODCS_INT},
    {"project", .value = WEFT_ODCS_TEXT},
    {"region", .value = WEFT_ODCS_TEXT},
    {"regionName", .value = WEFT_ODCS_TEXT},
    {"schema", .value = WEFT_ODCS_TEXT},
    {"serviceName", .value = WEFT_ODCS_TEXT},
    {"stagingDir", .value = WEFT_ODCS_TEXT},
    {"stream", .value = WEFT_ODCS_TEXT},
    {"warehouse", .value = WEFT_ODCS_TEXT},
    ID,
    CUSTOM,
};

#define ELEMENT_KEYS                                                                               \
    ID, {"physicalType", .value = WEFT_ODCS_TEXT}, {"physicalName", .value = WEFT_ODCS_TEXT},      \
        {"businessName", .value = WEFT_ODCS_TEXT}, {"description", .value = WEFT_ODCS_TEXT},       \
        {"quality", .value = WEFT_ODCS_MAPS, WEFT_ODCS_QUALITY}, TAGS, DEFINITIONS, CUSTOM

static const struct weft_odcs_key object_keys[] = {
    {"name", .value = WEFT_ODCS_TEXT, NEEDED},
    {"logicalType", .value = WEFT_ODCS_WORD, .words = "object"},
    {"dataGranularityDescription", .value = WEFT_ODCS_TEXT},
    {"properties", .value = WEFT_ODCS_MAPS, WEFT_ODCS_PROPERTY},
    {"relationships", .value = WEFT_ODCS_MAPS, WEFT_ODCS_RELATION},
    ELEMENT_KEYS,
};

#define LOGICAL_TYPES "string|date|timestamp|time|number|integer|object|array|boolean"

#define PROPERTY_KEYS                                                                              \
    {"logicalType", .value = WEFT_ODCS_WORD, .words = LOGICAL_TYPES},                              \
        {"logicalTypeOptions", .value = WEFT_ODCS_OPTIONS}, {"required", .value = WEFT_ODCS_BOOL}, \
        {"unique", .value = WEFT_ODCS_BOOL}, {"primaryKey", .value = WEFT_ODCS_BOOL},              \
        {"primaryKeyPosition", .value = WEFT_ODCS_INT}, {"partitioned", .value = WEFT_ODCS_BOOL},  \
        {"partitionKeyPosition", .value = WEFT_ODCS_INT},                                          \
        {"classification", .value = WEFT_ODCS_TEXT}, {"encryptedName", .value = WEFT_ODCS_TEXT},   \
        {"transformSourceObjects", .value = WEFT_ODCS_TEXTS},                                      \
        {"transformLogic", .value = WEFT_ODCS_TEXT},                                               \
        {"transformDescription", .value = WEFT_ODCS_TEXT}, {"examples", .value = WEFT_ODCS_ANYS},  \
        {"criticalDataElement", .value = WEFT_ODCS_BOOL},                                          \
        {"relationships", .value = WEFT_ODCS_MAPS, WEFT_ODCS_RELATION_OF},                         \
        {"properties", .value = WEFT_ODCS_MAPS, WEFT_ODCS_PROPERTY},                               \
        {"items", .value = WEFT_ODCS_MAP, WEFT_ODCS_ITEM}, ELEMENT_KEYS

static const struct weft_odcs_key property_keys[] = {
    {"name", .value = WEFT_ODCS_TEXT, NEEDED},
    PROPERTY_KEYS,
};

static const struct weft_odcs_key item_keys[] = {
    {"name", .value = WEFT_ODCS_TEXT},
    PROPERTY_KEYS,
};

static const struct weft_odcs_key quality_keys[] = {
    {"type", .value = WEFT_ODCS_WORD, .words = "text|library|sql|custom"},
    {"name", .value = WEFT_ODCS_TEXT},
    {"description", .value = WEFT_ODCS_TEXT},
    {"metric", .value = WEFT_ODCS_WORD,
     .words = "nullValues|missingValues|invalidValues|duplicateValues|rowCount"},
    {"rule", .value = WEFT_ODCS_TEXT},
    {"arguments", .value = WEFT_ODCS_MAP, WEFT_ODCS_ARGUMENTS},
    {"query", .value = WEFT_ODCS_TEXT},
    {"engine", .value = WEFT_ODCS_TEXT},
    {"implementation", .value = WEFT_ODCS_TEXT_MAP},
    {"mustBe", .value = WEFT_ODCS_ANY},
    {"mustNotBe", .value = WEFT_ODCS_ANY},
    {"mustBeGreaterThan", .value = WEFT_ODCS_NUMBER},
    {"mustBeGreaterOrEqualTo", .value = WEFT_ODCS_NUMBER},
    {"mustBeLessThan", .value = WEFT_ODCS_NUMBER},
    {"mustBeLessOrEqualTo", .value = WEFT_ODCS_NUMBER},
    {"mustBeBetween", .value = WEFT_ODCS_RANGE},
    {"mustNotBeBetween", .value = WEFT_ODCS_RANGE},
    {"unit", .value = WEFT_ODCS_TEXT},
    {"dimension", .value = WEFT_ODCS_WORD,
     .words = "accuracy|completeness|conformity|consistency|coverage|timeliness|uniqueness"},
    {"method", .value = WEFT_ODCS_TEXT},
    {"severity", .value = WEFT_ODCS_TEXT},
    {"businessImpact", .value = WEFT_ODCS_TEXT},
    {"scheduler", .value = WEFT_ODCS_TEXT},
    {"schedule", .value = WEFT_ODCS_TEXT},
    {"validValues", .value = WEFT_ODCS_ANYS},
    ID,
    TAGS,
    DEFINITIONS,
    CUSTOM,
};

/* The standard leaves them open; these are the ones that its metrics speak of. */
static const struct weft_odcs_key argument_keys[] = {
    {"validValues", .value = WEFT_ODCS_ANYS},
    {"missingValues", .value = WEFT_ODCS_ANYS},
    {"pattern", .value = WEFT_ODCS_TEXT},
    {"properties", .value = WEFT_ODCS_TEXTS},
};

static const struct weft_odcs_key authoritative_keys[] = {
    {"url", .value = WEFT_ODCS_TEXT, NEEDED},
    {"type", .value = WEFT_ODCS_TEXT, NEEDED},
    {"description", .value = WEFT_ODCS_TEXT},
    ID,
};

static const struct weft_odcs_key support_keys[] = {
    {"channel", .value = WEFT_ODCS_TEXT, NEEDED},
    {"url", .value = WEFT_ODCS_TEXT},
    {"description", .value = WEFT_ODCS_TEXT},
    {"tool", .value = WEFT_ODCS_TEXT},
    {"scope", .value = WEFT_ODCS_TEXT},
    {"invitationUrl", .value = WEFT_ODCS_TEXT},
    ID,
    CUSTOM,
};

static const struct weft_odcs_key price_keys[] = {
    {"priceAmount", .value = WEFT_ODCS_NUMBER},
    {"priceCurrency", .value = WEFT_ODCS_TEXT},
    {"priceUnit", .value = WEFT_ODCS_TEXT},
    ID,
};

static const struct weft_odcs_key team_keys[] = {
    {"name", .value = WEFT_ODCS_TEXT},
    {"description", .value = WEFT_ODCS_TEXT},
    {"members", .value = WEFT_ODCS_MAPS, WEFT_ODCS_MEMBER},
    ID,
    TAGS,
    DEFINITIONS,
    CUSTOM,
};

static const struct weft_odcs_key member_keys[] = {
    {"username", .value = WEFT_ODCS_TEXT, NEEDED},
    {"name", .value = WEFT_ODCS_TEXT},
    {"description", .value = WEFT_ODCS_TEXT},
    {"role", .value = WEFT_ODCS_TEXT},
    {"dateIn", .value = WEFT_ODCS_DATE},
    {"dateOut", .value = WEFT_ODCS_DATE},
    {"replacedByUsername", .value = WEFT_ODCS_TEXT},
    ID,
    TAGS,
    DEFINITIONS,
    CUSTOM,
};

static const struct weft_odcs_key role_keys[] = {
    {"role", .value = WEFT_ODCS_TEXT, NEEDED},
    {"description", .value = WEFT_ODCS_TEXT},
    {"access", .value = WEFT_ODCS_TEXT},
    {"firstLevelApprovers", .value = WEFT_ODCS_TEXT},
    {"secondLevelApprovers", .value = WEFT_ODCS_TEXT},
    ID,
    CUSTOM,
};

static const struct weft_odcs_key sla_keys[] = {
    {"property", .value = WEFT_ODCS_TEXT, NEEDED}, {"value", .value = WEFT_ODCS_SCALAR, NEEDED},
    {"valueExt", .value = WEFT_ODCS_SCALAR},       {"unit", .value = WEFT_ODCS_TEXT},
    {"element", .value = WEFT_ODCS_TEXT},          {"driver", .value = WEFT_ODCS_TEXT},
    {"description", .value = WEFT_ODCS_TEXT},      {"scheduler", .value = WEFT_ODCS_TEXT},
    {"schedule", .value = WEFT_ODCS_TEXT},         ID,
};

static const struct weft_odcs_key custom_keys[] = {
    {"property", .value = WEFT_ODCS_TEXT, NEEDED},
    {"value", .value = WEFT_ODCS_ANY, NEEDED},
    {"description", .value = WEFT_ODCS_TEXT},
    ID,
};

static const struct weft_odcs_key relation_keys[] = {
    {"type", .value = WEFT_ODCS_WORD, .words = "foreignKey"},
    {"from", .value = WEFT_ODCS_REFERENCE, NEEDED},
    {"to", .value = WEFT_ODCS_REFERENCE, NEEDED},
    CUSTOM,
};

static const struct weft_odcs_key relation_of_keys[] = {
    {"type", .value = WEFT_ODCS_WORD, .words = "foreignKey"},
    {"to", .value = WEFT_ODCS_REFERENCE, NEEDED},
    CUSTOM,
};

static const struct weft_odcs_key string_keys[] = {
    {"minLength", .value = WEFT_ODCS_COUNT},
    {"maxLength", .value = WEFT_ODCS_COUNT},
    {"pattern", .value = WEFT_ODCS_TEXT},
    {"format", .value = WEFT_ODCS_TEXT},
};

#define BOUND_TEXTS                                                                                \
    {"format", .value = WEFT_ODCS_TEXT}, {"minimum", .value = WEFT_ODCS_TEXT},                     \
        {"maximum", .value = WEFT_ODCS_TEXT}, {"exclusiveMinimum", .value = WEFT_ODCS_BOUND_TEXT}, \
    {                                                                                              \
        "exclusiveMaximum", .value = WEFT_ODCS_BOUND_TEXT                                          \
    }

static const struct weft_odcs_key date_keys[] = {BOUND_TEXTS};

static const struct weft_odcs_key time_keys[] = {
    BOUND_TEXTS,
    {"timezone", .value = WEFT_ODCS_BOOL},
    {"defaultTimezone", .value = WEFT_ODCS_TEXT},
};

#define BOUNDS                                                                                     \
    {"multipleOf", .value = WEFT_ODCS_ABOVE}, {"minimum", .value = WEFT_ODCS_NUMBER},              \
        {"maximum", .value = WEFT_ODCS_NUMBER}, {"exclusiveMinimum", .value = WEFT_ODCS_BOUND},    \
    {                                                                                              \
        "exclusiveMaximum", .value = WEFT_ODCS_BOUND                                               \
    }

static const struct weft_odcs_key integer_keys[] = {
    BOUNDS,
    {"format", .value = WEFT_ODCS_WORD, .words = "i8|i16|i32|i64|i128|u8|u16|u32|u64|u128"},
};

static const struct weft_odcs_key number_keys[] = {
    BOUNDS,
    {"format", .value = WEFT_ODCS_WORD, .words = "f32|f64"},
};

static const struct weft_odcs_key object_option_keys[] = {
    {"minProperties", .value = WEFT_ODCS_COUNT},
    {"maxProperties", .value = WEFT_ODCS_COUNT},
    {"required", .value = WEFT_ODCS_TEXTS},
};

static const struct weft_odcs_key array_keys[] = {
    {"minItems", .value = WEFT_ODCS_COUNT},
    {"maxItems", .value = WEFT_ODCS_COUNT},
    {"uniqueItems", .value = WEFT_ODCS_BOOL},
};

#define SECTION(title, keys) {title, keys, WEFT_COUNT(keys)}

static const struct weft_odcs_keys sections[WEFT_ODCS_SECTION_COUNT] = {
    [WEFT_ODCS_ROOT] = SECTION("a contract", root_keys),
    [WEFT_ODCS_DESCRIPTION] = SECTION("a description", description_keys),
    [WEFT_ODCS_SERVER] = SECTION("a server", server_keys),
    [WEFT_ODCS_OBJECT] = SECTION("an object of the schema", object_keys),
    [WEFT_ODCS_PROPERTY] = SECTION("a property", property_keys),
    [WEFT_ODCS_ITEM] = SECTION("items", item_keys),
    [WEFT_ODCS_QUALITY] = SECTION("a quality rule", quality_keys),
    [WEFT_ODCS_ARGUMENTS] = SECTION("arguments", argument_keys),
    [WEFT_ODCS_AUTHORITATIVE] = SECTION("a definition", authoritative_keys),
    [WEFT_ODCS_SUPPORT] = SECTION("a support channel", support_keys),
    [WEFT_ODCS_PRICE] = SECTION("a price", price_keys),
    [WEFT_ODCS_TEAM] = SECTION("a team", team_keys),
    [WEFT_ODCS_MEMBER] = SECTION("a member of the team", member_keys),
    [WEFT_ODCS_ROLE] = SECTION("a role", role_keys),
    [WEFT_ODCS_SLA] = SECTION("a service level", sla_keys),
    [WEFT_ODCS_CUSTOM] = SECTION("a custom property", custom_keys),
    [WEFT_ODCS_RELATION] = SECTION("a relationship", relation_keys),
    [WEFT_ODCS_RELATION_OF] = SECTION("a relationship of a property", relation_of_keys),
    [WEFT_ODCS_OPTIONS_STRING] = SECTION("the options of a string", string_keys),
    [WEFT_ODCS_OPTIONS_DATE] = SECTION("the options of a date", date_keys),
    [WEFT_ODCS_OPTIONS_TIME] = SECTION("the options of a timestamp or time", time_keys),
    [WEFT_ODCS_OPTIONS_INTEGER] = SECTION("the options of an integer", integer_keys),
    [WEFT_ODCS_OPTIONS_NUMBER] = SECTION("the options of a number", number_keys),
    [WEFT_ODCS_OPTIONS_OBJECT] = SECTION("the options of an object", object_option_keys),
    [WEFT_ODCS_OPTIONS_ARRAY] = SECTION("the options of an array", array_keys),
};

static const struct {
    const char *type;
    const char *needs;
} servers[] = {
    {"api", "location"},
    {"athena", "stagingDir|schema"},
    {"azure", "location|format"},
    {"bigquery", "project|dataset"},
    {"clickhouse", "host|port|database"},
    {"databricks", "catalog|schema"},
    {"denodo", "host|port"},
    {"dremio", "host|port"},
    {"duckdb", "database"},
    {"glue", "account|database"},
    {"cloudsql", "host|port|database|schema"},
    {"db2", "host|port|database"},
    {"hive", "host|database"},
    {"impala", "host|database"},
    {"informix", "host|database"},
    {"zen", "host|database"},
    {"kafka", "host"},
    {"local", "path|format"},
    {"mysql", "host|port|database"},
    {"oracle", "host|port|serviceName"},
    {"postgresql", "host|port|database|schema"},
    {"postgres", "host|port|database|schema"},
    {"presto", "host"},
    {"pubsub", "project"},
    {"redshift", "database|schema"},
    {"s3", "location"},
    {"sftp", "location"},
    {"snowflake", "account|database|schema"},
    {"sqlserver", "host|database|schema"},
    {"synapse", "host|port|database"},
    {"trino", "host|port|catalog|schema"},
    {"vertica", "host|port|database|schema"},
};

const struct weft_odcs_keys *weft_odcs_keys_of(enum weft_odcs_section section)
{
    return &sections[section];
}

const struct weft_odcs_key *weft_odcs_keys_find(enum weft_odcs_section section, const char *name)
{
    for (size_t i = 0; i < sections[section].count; i++) {
        if (strcmp(sections[section].keys[i].name, name) == 0)
            return &sections[section].keys[i];
    }
    return NULL;
}

const char *weft_odcs_server_needs(const char *type)
{
    for (size_t i = 0; i < WEFT_COUNT(servers); i++) {
        if (strcmp(servers[i].type, type) == 0)
            return servers[i].needs;
    }
    return NULL;
}
