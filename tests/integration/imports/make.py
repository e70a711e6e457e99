"""Documents in the published formats of the tools that `weft import` reads. Written by this script
and not by the tools themselves: dbt (manifest v12, as `dbt compile` of dbt 1.8 writes it, and
catalog v1) and Great Expectations (suites of 0.18 and of 1.x). The members are those of the
published schemas; what weft does not read is there in part, so that it is seen to be passed over.

    python make.py FOLDER
"""
import json
import pathlib
import sys

PACKAGE = "jaffle_shop"
DATABASE, SCHEMA = "dev", "main"


def relation(name, schema=SCHEMA):
    return f'"{DATABASE}"."{schema}"."{name}"'


def column(name, data_type=None, description="", **more):
    return {"name": name, "description": description, "meta": {}, "data_type": data_type,
            "constraints": [], "quote": None, "tags": [], **more}


def node(kind, name, **more):
    return {"database": DATABASE, "schema": SCHEMA, "name": name, "resource_type": kind,
            "package_name": PACKAGE, "path": f"{name}.sql",
            "original_file_path": f"models/{name}.sql", "unique_id": f"{kind}.{PACKAGE}.{name}",
            "fqn": [PACKAGE, name], "alias": name, "checksum": {"name": "sha256", "checksum": "0"},
            "config": {"enabled": True, "materialized": "table" if kind == "model" else kind,
                       "severity": "ERROR", "error_if": "!= 0", "warn_if": "!= 0", "where": None},
            "tags": [], "description": "", "columns": {}, "meta": {}, "group": None,
            "relation_name": relation(name), "raw_code": "select {{ 1 }}", "language": "sql",
            "refs": [], "sources": [], "depends_on": {"macros": [], "nodes": []},
            "constraints": [], "contract": {"enforced": False, "checksum": None},
            "version": None, "latest_version": None, "deprecation_date": None, **more}


def model(name, sql, columns=(), **more):
    return node("model", name, compiled=True, compiled_code=sql,
                columns={c["name"]: c for c in columns}, **more)


def generic(kind, of, column_name=None, namespace=None, config=None, parents=(), sql=None,
            **kwargs):
    name = "_".join(filter(None, [kind, of, column_name]))
    if column_name:
        kwargs["column_name"] = column_name
    kwargs["model"] = "{{ get_where_subquery(ref('%s')) }}" % of
    test = node("test", name, test_metadata={"name": kind, "kwargs": kwargs,
                                             "namespace": namespace},
                column_name=column_name, attached_node=f"model.{PACKAGE}.{of}",
                compiled_code=sql, relation_name=None)
    test["config"] |= config or {}
    test["depends_on"]["nodes"] = [f"model.{PACKAGE}.{m}" for m in (*parents, of)]
    return test


def manifest():
    source = {"database": DATABASE, "schema": "raw", "name": "orders", "resource_type": "source",
              "package_name": PACKAGE, "unique_id": f"source.{PACKAGE}.raw.orders",
              "source_name": "raw", "identifier": "orders",
              "relation_name": relation("orders", "raw"), "columns": {}, "description": ""}
    customers = node("seed", "customers", raw_code="", original_file_path="seeds/customers.csv",
                     columns={c["name"]: c for c in (column("id", "integer"),
                                                     column("email", "varchar"))})
    stg = model("stg_orders", f"""with source as (
    select * from {relation('orders', 'raw')}
),
renamed as (
    select id as order_id, customer_id, status, cast(amount as decimal(18,2)) as amount
    from source
)
select * from renamed""", [
        column("order_id", "bigint", "The order."), column("customer_id", "bigint"),
        column("status", "varchar(20)"), column("amount", "decimal(18,2)")],
        description="Orders, one row each.", tags=["staging"], meta={"owner": "shop@example.org"},
        contract={"enforced": True, "checksum": None})
    per = model("orders_per_customer", f"""select o.customer_id, count(*) as orders
from {relation('stg_orders')} o
join {relation('customers')} on o.customer_id = customers.id
group by o.customer_id""", [column("customer_id")])
    tests = [
        generic("not_null", "stg_orders", "order_id"),
        generic("unique", "stg_orders", "order_id"),
        generic("not_null", "stg_orders", "customer_id", config={"severity": "warn"}),
        generic("accepted_values", "stg_orders", "status", values=["placed", "shipped"]),
        generic("relationships", "stg_orders", "customer_id", to="ref('customers')", field="id",
                parents=[]),
        generic("unique_combination_of_columns", "stg_orders", namespace="dbt_utils",
                combination_of_columns=["order_id", "status"],
                sql=f"select order_id, status from {relation('stg_orders')} "
                    "group by order_id, status having count(*) > 1"),
        generic("expression_is_true", "stg_orders", namespace="dbt_utils", expression="amount >= 0",
                config={"severity": "warn"},
                sql=f"select 1 from {relation('stg_orders')} where not(amount >= 0)"),
        generic("not_null", "orders_per_customer", "customer_id"),
        generic("unique", "orders_per_customer", "customer_id", config={"error_if": "> 10"}),
    ]
    tests[4]["depends_on"]["nodes"] = [f"seed.{PACKAGE}.customers", f"model.{PACKAGE}.stg_orders"]
    python = node("model", "forecast", language="python", raw_code="def model(dbt, s): ...")
    snapshot = node("snapshot", "orders_history")
    nodes = [customers, stg, per, python, snapshot, *tests]
    return {"metadata": {"dbt_schema_version":
                         "https://schemas.getdbt.com/dbt/manifest/v12.json",
                         "dbt_version": "1.8.0", "project_name": PACKAGE,
                         "adapter_type": "duckdb"},
            "nodes": {n["unique_id"]: n for n in nodes},
            "sources": {source["unique_id"]: source},
            "macros": {}, "docs": {}, "metrics": {}, "groups": {}, "selectors": {}, "disabled": {},
            "exposures": {f"exposure.{PACKAGE}.board": {"name": "board", "type": "dashboard"}},
            "parent_map": {}, "child_map": {}, "semantic_models": {}, "unit_tests": {}}


def expectation(kind, modern, severity="critical", **kwargs):
    if modern:
        return {"type": kind, "kwargs": kwargs, "meta": {}, "id": "0", "severity": severity}
    return {"expectation_type": kind, "kwargs": kwargs, "meta": {}}


def suite(modern=True):
    def e(kind, **kwargs):
        return expectation(kind, modern, **kwargs)
    rules = [
        e("expect_column_to_exist", column="id"),
        e("expect_column_values_to_be_of_type", column="id", type_="int64"),
        e("expect_column_values_to_not_be_null", column="name"),
        e("expect_column_values_to_not_be_null", column="note", mostly=0.5),
        e("expect_column_values_to_be_unique", column="id"),
        e("expect_compound_columns_to_be_unique", column_list=["id", "name"]),
        e("expect_column_values_to_be_in_set", column="colour", value_set=["red", "blue"]),
        e("expect_column_values_to_be_between", column="price", min_value=0, max_value=100),
        e("expect_column_values_to_match_regex", column="zip", regex="^z[0-9]{4}$"),
        e("expect_column_value_lengths_to_be_between", column="name", min_value=2, max_value=8),
        e("expect_table_row_count_to_be_between", min_value=1, max_value=1000),
        e("expect_column_values_to_match_regex", column="zip", regex="(?=z)z"),
        e("expect_column_mean_to_be_between", column="price", min_value=0, max_value=50),
        e("expect_column_values_to_be_between", column="price",
          min_value={"$PARAMETER": "low"}, max_value=9),
    ]
    meta = {"great_expectations_version": "1.2.0" if modern else "0.18.12"}
    if modern:
        return {"name": "goods", "id": "0", "expectations": rules, "meta": meta, "notes": None}
    return {"expectation_suite_name": "goods", "expectations": rules, "meta": meta,
            "data_asset_type": None, "ge_cloud_id": None}


ROW_SCHEMA = {
    "$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Order", "type": "object",
    "description": "An order.", "required": ["id", "status", "Ship To"],
    "properties": {
        "id": {"type": "integer", "minimum": 1},
        "status": {"enum": ["placed", "shipped"], "type": "string"},
        "Ship To": {"type": ["string", "null"], "maxLength": 80},
        "day": {"type": "string", "format": "date", "description": "Of the order."},
        "zip": {"type": "string", "pattern": "^[0-9]{5}$"},
        "code": {"type": "string", "pattern": "x"},
        "price": {"type": "number", "exclusiveMinimum": 0, "multipleOf": 0.01},
        "lines": {"type": "array", "items": {"$ref": "#/$defs/line"}},
        "extra": {"type": "object"},
    },
    "$defs": {"line": {"type": "object", "properties": {"sku": {"type": "string"},
                                                         "n": {"type": "integer"}}}},
    "additionalProperties": False,
}

DDL = """-- made as pg_dump does
SET client_encoding = 'UTF8';
CREATE TYPE public.colour AS ENUM ('red', 'bl''ue');
CREATE TABLE public.customers (
    id bigint NOT NULL,
    email character varying(80) NOT NULL UNIQUE,
    "Full Name" text,
    favourite public.colour DEFAULT 'red'::public.colour,
    joined timestamp with time zone DEFAULT now() NOT NULL
);
ALTER TABLE public.customers OWNER TO shop;
ALTER TABLE ONLY public.customers ADD CONSTRAINT customers_pkey PRIMARY KEY (id);
CREATE TABLE orders (
    id integer PRIMARY KEY,
    customer_id bigint REFERENCES customers (id) ON DELETE CASCADE,
    status text CHECK (status in ('placed', 'shipped')),
    amount numeric(10, 2) CONSTRAINT positive CHECK (amount > 0),
    note money,
    UNIQUE (customer_id, status)
);
COMMENT ON TABLE orders IS 'What people''s carts became.';
COMMENT ON COLUMN public.customers.email IS 'Where to write.';
CREATE INDEX orders_by_day ON orders (id);
"""


def main(folder):
    folder.mkdir(parents=True, exist_ok=True)
    for name, document in (("manifest.json", manifest()), ("suite_1.json", suite()),
                           ("suite_0.json", suite(False)), ("row.schema.json", ROW_SCHEMA)):
        (folder / name).write_text(json.dumps(document, indent=1) + "\n")
    (folder / "tables.sql").write_text(DDL)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
