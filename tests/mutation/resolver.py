"""Deliberate faults in the resolver, each of which the differential test must catch.

    resolver.py SOURCE_FOLDER BUILD_FOLDER [--all | --only FIRST LAST] [-v]

A fault is a place of a file and what stands there instead. The file is compiled with it, linked
into the test of cases (test_engine_resolver_cases) before the library, so that the faulty code is
taken, and run: the test must fail. A text that no longer stands in the file exactly once fails too,
so the list is kept. Without --all (or WEFT_LONG=1) every sixth fault is tried, another sixth each
day of the year.
"""

import json
import os
import pathlib
import shlex
import subprocess
import sys
import tempfile
import time

TARGET = "tests/test_engine_resolver_cases"
SECONDS = 120

# (file, text, text instead)
FAULTS = [
    # FROM: products, CTEs, AT
    ("resolve_from.c", "(schema[0] != 0 && !weft_equal_fold(schema, \"recurring\"))", "false"),
    ("resolve_from.c", "if (weft_equal_fold(ctes->name, tree_text(ref, \"table_name\")))",
     "if (strcmp(ctes->name, tree_text(ref, \"table_name\")) == 0)"),
    ("resolve_from.c", "    for (; ctes != NULL; ctes = ctes->next)\n        if (weft_equal_fold",
     "    for (; ctes != NULL && ctes->next != NULL; ctes = ctes->next)\n        if (weft_equal_fold"),
    ("resolve_from.c", "if (catalog != NULL) {", "if (catalog != NULL && false) {"),
    ("resolve_from.c", "resolve->unique || alias_taken(scope, name.table)", "resolve->unique"),
    ("resolve_from.c", "    tree_set_text(resolve, ref, \"alias\", alias);\n    tree_remove(ref, \"schema_name\");",
     "    tree_remove(ref, \"schema_name\");"),
    ("resolve_from.c", "source->schema = bare ? name.schema : NULL;", "source->schema = NULL;"),
    ("resolve_from.c", "source->table = bare ? name.table : NULL;\n    table_columns(resolve, source, index);",
     "source->table = bare ? name.table : NULL;"),
    ("resolve_from.c", "    at->given = true;", "    at->given = false;"),
    ("resolve_from.c", "    tree_remove(ref, \"at_clause\");", ""),
    ("resolve_from.c", "weft_time_parse(text, &at->timestamp_us)", "true"),
    ("resolve_from.c",
     "    tree_set_text(resolve, ref, \"alias\", source->alias);\n    tree_set_text(resolve, ref, \"table_name\", cte->renamed);",
     "    tree_set_text(resolve, ref, \"table_name\", cte->renamed);"),
    ("resolve_from.c",
     "if (strcmp(name, \"left\") != 0 && strcmp(name, \"right\") != 0)", "if (false)"),
    ("resolve_from.c", "join_names(walk, scope, *right, names, natural);", ";"),
    ("resolve_from.c", "        walk_use_for_good(walk, &source->columns);\n    yyjson_mut_obj_iter members",
     "        ;\n    yyjson_mut_obj_iter members"),
    # queries, CTEs, set operations
    ("resolve_walk.c", "WEFT_TRY(walk_query(walk, node, *ctes, parent, &cte->columns));",
     "cte->next = *ctes;\n        WEFT_TRY(walk_query(walk, node, cte, parent, &cte->columns));"),
    ("resolve_walk.c", "    WEFT_TRY(walk_query(walk, left_node, ctes, parent, &self->columns));",
     "    self->next = ctes;\n    WEFT_TRY(walk_query(walk, left_node, self, parent, &self->columns));"),
    ("resolve_walk.c", "    WEFT_TRY(walk_query(walk, right_node, self, parent, &right));",
     "    WEFT_TRY(walk_query(walk, right_node, ctes, parent, &right));"),
    ("resolve_walk.c", "    tree_set_text(resolve, node, \"cte_name\", self->renamed);", ""),
    ("resolve_walk.c", "    tree_set_text(resolve, entry, \"key\", cte->renamed);", ""),
    ("resolve_walk.c", "    cte->next = *ctes;\n    *ctes = cte;", "    *ctes = cte;"),
    ("resolve_walk.c", "        scope_rename(resolve, &cte->columns, aliases);\n    }", "    }"),
    ("resolve_walk.c",
     "if (!all || !out->known || !arm->known || out->count != arm->count) {",
     "if (!out->known || !arm->known || out->count != arm->count) {"),
    ("resolve_walk.c",
     "scope_add_origins(walk->resolve, &out->items[i].origins, &arm->items[i].origins);", ";"),
    ("resolve_walk.c", "        if (!first)\n            set_join(walk, node, out, &columns);", ""),
    ("resolve_walk.c",
     "        *distinct = *distinct || tree_is(item, \"type\", \"DISTINCT_MODIFIER\");", ""),
    ("resolve_walk.c", "        WEFT_TRY(walk_used(walk, item, ctes, scope));\n    }\n    return 0;",
     "    }\n    return 0;"),
    ("resolve_walk.c", "        if (!skip)\n", "        if (!skip && false)\n"),
    ("resolve_walk.c",
     "    struct resolve_origins *sink = walk->resolve->sink;\n    walk->resolve->sink = NULL;\n    int rc = walk_any(",
     "    struct resolve_origins *sink = walk->resolve->sink;\n    int rc = walk_any("),
    # expressions
    ("resolve_walk.c", "        if (out != NULL && name != NULL && weft_equal_fold(out, name))",
     "        if (out != NULL && name != NULL)"),
    ("resolve_walk.c", "                tree_set_text(resolve, star, \"relation_name\", source->alias);",
     "                ;"),
    ("resolve_walk.c", "        tree_remove(name, \"schema\");", ""),
    ("resolve_walk.c", "    star_names(walk, star, scope);", ""),
    ("resolve_walk.c",
     "    WEFT_TRY(walk_used(walk, yyjson_mut_obj_get(star, \"replace_list\"), ctes, scope));", ""),
    ("resolve_walk.c", "    scope_use_named(resolve, scope, of); /* a struct's parts */", ""),
    ("resolve_walk.c", "        scope_use_named(resolve, scope, NULL);", "        ;"),
    ("resolve_walk.c", "    lambda_names(resolve, lhs, &inner);", ""),
    ("resolve_walk.c", "    scope_use_all(walk->resolve, &columns);\n    return walk_any(walk, yyjson_mut_obj_get(expr, \"child\")",
     "    return walk_any(walk, yyjson_mut_obj_get(expr, \"child\")"),
    ("resolve_walk.c", "    if (word != NULL && !weft_equal_fold(word, item_last(item)))",
     "    if (false)"),
    ("resolve_walk.c", "tree_set_text(resolve, function, \"catalog\", first);", ";"),
    ("resolve_walk.c", "    if (strcmp(class, \"FUNCTION\") == 0)\n        WEFT_TRY(walk_method(walk, expr, scope));",
     ""),
    # names
    ("resolve_scope.c", "        lookup_rewrite(lookup, 2, source->alias);", ""),
    ("resolve_scope.c", "        lookup_rewrite(lookup, 2, source->alias);",
     "        lookup_rewrite(lookup, 1, source->alias);"),
    ("resolve_scope.c", "        if (!resolve->unique && lookup_captured(lookup, scope, source->alias))\n            resolve->captured = true;",
     ""),
    ("resolve_scope.c", "        if (at->kind == SCOPE_LAMBDA && scope_has_name(at, name))\n            return true;",
     ""),
    ("resolve_scope.c", "scope_find_column(&source->columns, name) != NULL ||\n", "false ||\n"),
    ("resolve_scope.c", "    return resolve->unique && source->table != NULL && weft_equal_fold(source->table, name);",
     "    return false;"),
    ("resolve_scope.c", "            if (!lookup->soft && !weft_equal_fold", "            if (!weft_equal_fold"),
    ("resolve_scope.c", "    if (count < 2 || lookup->count < 2)\n", "    if (true)\n"),
    ("resolve_scope.c", "    if (lookup.count == 1 && !soft)\n", "    if (false)\n"),
    ("resolve_scope.c",
     "        if (lookup_alias(&lookup, at) || lookup_product(&lookup, at) ||\n            lookup_column(&lookup, at) || lookup_row(&lookup, at))",
     "        if (lookup_alias(&lookup, at) || lookup_product(&lookup, at) || lookup_row(&lookup, at))"),
    ("resolve_scope.c", "            lambda = lambda || scope_has_name(at, lookup.parts[0]);", ""),
    ("resolve_scope.c", "            if (lambda && lookup.count == 1)", "            if (lambda)"),
    ("resolve_scope.c", "        items[i].name = yyjson_mut_get_str(yyjson_mut_arr_get(names, i));", "        ;"),
    # names of the result
    ("resolve_name.c", "        return strcmp(id, \"DOUBLE\") == 0 || strcmp(id, \"FLOAT\") == 0;",
     "        return false;"),
    ("resolve_name.c", "    if (strcmp(class, \"SUBQUERY\") == 0)\n        return true;", ""),
    ("resolve_name.c", "        return count > 2 || resolve->unique ||", "        return resolve->unique ||"),
    ("resolve_name.c", "        return count > 2 || resolve->unique ||", "        return count > 2 ||"),
    ("resolve_name.c", "        !tree_is(yyjson_mut_obj_get(value, \"cast_type\"), \"id\", \"UNBOUND\"))\n        return true;",
     "        false)\n        return true;"),
    ("resolve_name.c", "        resolve_special_word(word) != RESOLVE_SPECIAL_NONE)\n        tree_set_text(",
     "        false)\n        tree_set_text("),
    ("resolve_name.c", "        at += strncmp(at, \", \", 2) == 0 ? 2 : 0;", ""),
    ("resolve_name.c", " ||\n            name_has_star(item))",
     ")"),
    # repair
    ("resolve_repair.c", "    if (tree_is(value, \"class\", \"CONSTANT\"))\n        return repair_constant(resolve, value);",
     ""),
    ("resolve_repair.c", "    if (tree_is(value, \"class\", \"STAR\"))\n        return repair_star(resolve, value);",
     ""),
    ("resolve_repair.c", "snprintf(text, sizeof(text), \"%.17g\"", "snprintf(text, sizeof(text), \"%.6g\""),
    ("resolve_repair.c", "        type = special == RESOLVE_SPECIAL_TIME ? \"TIME\" : \"TIME WITH TIME ZONE\";",
     "        type = \"TIME\";"),
    ("resolve_repair.c", "        zone = \"\";\n        z = t;", "        zone = \"\";"),
    ("resolve_repair.c", "    if (options->deterministic)\n        return resolve_refuse(", "    if (false)\n        return resolve_refuse("),
    ("resolve_repair.c", "        tree_set_text(resolve, object, \"function_name\", \"-\");", ""),
    ("resolve_repair.c", "        if (today == NULL || !yyjson_mut_arr_prepend(children, today))",
     "        if (today == NULL || !yyjson_mut_arr_append(children, today))"),
    # allow-lists
    ("resolve_guard.c", "    if (!resolve_function_allowed(name)) {", "    if (false) {"),
    ("resolve_guard.c", "    if (resolve->options->deterministic && resolve_function_random(name))",
     "    if (false)"),
    ("resolve_guard.c", "tree_text(function, \"catalog\")[0] != 0 || !resolve_table_function_allowed(name)) {",
     "tree_text(function, \"catalog\")[0] != 0) {"),
    ("resolve_guard.c", "    if (!word_is_plain(tree_text(object, \"function_name\"), false) ||", "    if ("),
    ("resolve_guard.c", "(schema[0] != 0 && strcmp(schema, \"main\") != 0))", "false)"),
    ("resolve_guard.c", "    if (!word_is_plain(name, true))", "    if (false)"),
    ("resolve_guard.c", "    if (resolve->options->deterministic)\n        return resolve_refuse(resolve, WEFT_E_SQL_REFUSED, at,",
     "    if (false)\n        return resolve_refuse(resolve, WEFT_E_SQL_REFUSED, at,"),
    ("resolve_guard.c", "    if (strcmp(type, \"SHOW_REF\") == 0)\n        return guard_show(guard, object);", ""),
    ("resolve_guard.c", "    WEFT_TRY(guard_sample(guard, object));", ""),
    ("resolve_guard.c", "    if (lambda && guard->lambda >= RESOLVE_LAMBDA_MAX)", "    if (false)"),
    ("resolve_guard.c", "            WEFT_TRY(guard_value(guard, yyjson_mut_obj_get(function, \"children\")));",
     "            ;"),
    ("resolve_guard.c", "        WEFT_TRY(guard_value(guard, yyjson_mut_obj_iter_get_val(key)));\n    }\n    return 0;\n}\n\nstatic int guard_object",
     "        ;\n    }\n    return 0;\n}\n\nstatic int guard_object"),
    # the way of the text
    ("resolve_tree.c", "    if (count > 1)\n", "    if (false)\n"),
    ("resolve_tree.c", "skip_null := true, \" ", "skip_null := true, skip_empty := true, \" "),
    ("resolver.c", "resolve_relation_print(resolve, &resolve->tables[index].relation, &out)",
     "resolve_relation_print(resolve, &resolve->tables[0].relation, &out)"),
    ("resolver.c", "    if (resolve->captured) {", "    if (false) {"),
    ("resolver.c", "        splice->printed_end = from - printed;", ""),
    ("resolver.c", "        splice->final_end = (int64_t)out.length;", ""),
    ("resolver.c", "        bool there = !table->used[i];", "        bool there = table->used[i];"),
    ("resolve_place.c", "            line++;\n", ""),
    ("resolve_place.c", "(int)weft_utf8_count(sql + start, (size_t)location - start) + 1",
     "(int)((size_t)location - start) + 1"),
    ("resolve_place.c", "        if (places->pairs[i].printed == printed)",
     "        if (places->pairs[i].printed > printed)"),
    ("resolve_place.c", "    if (found == NULL)\n        return RESOLVE_LOCATION_NO;", "    return RESOLVE_LOCATION_NO;"),
    ("resolve_error.c", "    if (places == NULL || places->guarded || !text_is_clean(text) || text[0] == 0) {",
     "    if (places == NULL || text[0] == 0) {"),
    # policies
    ("relation.c", "        weft_buf_addf(out, \" WHERE %s\", condition);", "        ;"),
    ("relation.c", "    if (column->treatment != NULL) {\n        const char *treated",
     "    if (false) {\n        const char *treated"),
    ("relation.c", "            weft_buf_adds(out, \") AS \");\n            weft_buf_add_sql_name(out, relation->columns[i].name);",
     "            weft_buf_adds(out, \")\");"),
    ("relation.c", "    if (relation->kind == WEFT_RELATION_SQL) {", "    if (false) {"),
]


def patched(source, fault):
    file, old, new = fault
    text = (source / "src/engine" / file).read_text()
    if text.count(old) != 1:
        sys.exit(f"{file}: this text stands {text.count(old)} times in it, not once; "
                 f"mend tests/mutation/resolver.py:\n{old}")
    return text.replace(old, new)


def compile_command(build, file):
    for entry in json.loads((build / "compile_commands.json").read_text()):
        if entry["file"].endswith(f"/src/engine/{file}"):
            return shlex.split(entry["command"])
    sys.exit(f"compile_commands.json does not hold {file}")


def link_command(build):
    """How ninja links the test: its last command."""
    lines = subprocess.run(["ninja", "-C", str(build), "-t", "commands", TARGET], check=True,
                           capture_output=True, text=True).stdout.strip().splitlines()
    command = shlex.split(lines[-1].removeprefix(": && ").removesuffix(" && :"))
    if "-o" not in command:
        sys.exit(f"no link command: {lines[-1]}")
    return command


def compiled(source, build, folder, fault):
    file = fault[0]
    code = folder / file
    code.write_text(patched(source, fault))
    command = compile_command(build, file)
    command[command.index("-o") + 1] = str(folder / "fault.o")
    command[command.index("-c") + 1] = str(code)
    for flag in ("-MF", "-MT"):
        if flag in command:
            command[command.index(flag) + 1] = str(folder / "fault.d")
    command += ["-w", "-O0", f"-I{source / 'src'}"]
    return subprocess.run(command, cwd=build, capture_output=True, text=True)


def caught(source, build, folder, link, fault):
    """None, or why the fault is not caught."""
    made = compiled(source, build, folder, fault)
    if made.returncode != 0:
        return "it does not compile:\n" + made.stderr[-2000:]
    command = list(link)
    command[command.index("-o") + 1] = str(folder / "test")
    first = next(i for i, word in enumerate(command) if word.endswith(".a"))
    command.insert(first, str(folder / "fault.o"))
    subprocess.run(command, cwd=build, check=True)
    environment = dict(os.environ, WEFT_CASES_FIRST="1", WEFT_LIBDUCKDB_DIR=str(build), TZ="UTC",
                       LC_ALL="C.UTF-8")
    try:
        run = subprocess.run([str(folder / "test")], cwd=source / "src/engine", env=environment,
                             capture_output=True, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        return None
    return "the test passes" if run.returncode == 0 else None


def chosen(arguments):
    if "--only" in arguments:
        first = arguments.index("--only") + 1
        return range(int(arguments[first]), int(arguments[first + 1]) + 1)
    if "--all" in arguments or os.environ.get("WEFT_LONG"):
        return range(len(FAULTS))
    return range(time.gmtime().tm_yday % 6, len(FAULTS), 6)


def main(arguments):
    source, build = pathlib.Path(arguments[0]).resolve(), pathlib.Path(arguments[1]).resolve()
    link = link_command(build)
    for fault in FAULTS:
        patched(source, fault)
    survived = 0
    numbers = chosen(arguments)
    with tempfile.TemporaryDirectory(prefix="weft-mutation-") as folder:
        for number in numbers:
            start = time.monotonic()
            why = caught(source, build, pathlib.Path(folder), link, FAULTS[number])
            if why is not None or "-v" in arguments:
                print(f"{number}: {FAULTS[number][0]}: {why or 'caught'} "
                      f"({time.monotonic() - start:.1f} s)", flush=True)
            if why is not None:
                print("    " + FAULTS[number][1].replace("\n", "\n    "), flush=True)
            survived += why is not None
    print(f"{len(numbers) - survived} of {len(numbers)} faults caught, of {len(FAULTS)} in all")
    return 1 if survived else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
