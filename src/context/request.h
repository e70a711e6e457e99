/*
 * request.h - what is asked for: an operation with its arguments. app/op.h has the table of them.
 */
#ifndef WEFT_CONTEXT_REQUEST_H
#define WEFT_CONTEXT_REQUEST_H

#include "context/context.h"
#include "context/out.h"

enum weft_arg_kind {
    WEFT_ARG_FLAG,  /* --yes */
    WEFT_ARG_TEXT,  /* --because TEXT */
    WEFT_ARG_TEXTS, /* --param NAME=VALUE, several times */
    WEFT_ARG_WORD,  /* a word by place, may be left out */
    WEFT_ARG_WORD_NEEDED,
    WEFT_ARG_WORDS /* all further words */
};

struct weft_op_arg {
    const char *name; /* "because"; words too, for messages */
    char letter;      /* short option, 0 = none */
    enum weft_arg_kind kind;
    const char *value; /* "TEXT", for the help; NULL for flags */
    const char *help;
};

#define WEFT_OP_ARGS_MAX 16

struct weft_op_value {
    bool given;
    const char *text;         /* TEXT, WORD */
    const char *const *texts; /* TEXTS, WORDS */
    size_t count;
};

struct weft_op;

struct weft_op_request {
    const struct weft_op *op;
    struct weft_op_value values[WEFT_OP_ARGS_MAX]; /* as in op->args */
};

/* Who may do it, when somebody acts by --as or by a key. */
enum weft_op_who {
    WEFT_OP_OPERATOR, /* the local operator alone, as himself */
    WEFT_OP_ANYONE,   /* it touches no home: nobody is asked who he is */
    WEFT_OP_PRINCIPAL /* anyone; it asks for each thing whether he may */
};

struct weft_op {
    const char *name;
    const char *group;   /* "start", "products", "look", "home" */
    const char *summary; /* a line */
    const char *help;    /* paragraphs and examples; NULL = the summary says it */
    const struct weft_op_arg *args;
    size_t arg_count;
    enum weft_op_who who;
    const char *instead; /* of an OPERATOR's: what others do; NULL = nothing of the kind */
    int (*run)(struct weft_context *context, const struct weft_op_request *request,
               struct weft_out *out, struct weft_error *error);
};

/* Its place in the table; arg_count when there is none. */
size_t weft_op_arg_index(const struct weft_op *op, const char *name);
/* The value of an argument by name; the argument must be in the operation's table. */
const struct weft_op_value *weft_op_value(const struct weft_op_request *request, const char *name);
bool weft_op_given(const struct weft_op_request *request, const char *name);
/* The text, or NULL when not given. */
const char *weft_op_text(const struct weft_op_request *request, const char *name);

#endif
