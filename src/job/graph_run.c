#include "job/made_internal.h"
struct job_graph_result {
    int x;
};
int job_graph_make(struct job_work *work, const char **from, struct weft_error *error)
{
    (void)work;
    (void)from;
    return job_not_yet("graph", error);
}
int job_graph_register(struct job_work *work, struct weft_error *error)
{
    (void)work;
    (void)error;
    return 0;
}
void job_graph_free(struct job_graph_result *graph)
{
    weft_free(graph);
}
