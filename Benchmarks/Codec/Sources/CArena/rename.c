#include "rename.h"

#include <string.h>

static void rename_attribute(Opentelemetry__Proto__Common__V1__KeyValue *attribute)
{
    if (strcmp(attribute->key, "server.address") == 0)
        attribute->key = "net.peer.name";
    else if (strcmp(attribute->key, "server.port") == 0)
        attribute->key = "net.peer.port";
}

void rename_two_attributes(
    Opentelemetry__Proto__Collector__Trace__V1__ExportTraceServiceRequest *request)
{
    for (size_t r = 0; r < request->n_resource_spans; r++) {
        Opentelemetry__Proto__Trace__V1__ResourceSpans *resource = request->resource_spans[r];
        for (size_t s = 0; s < resource->n_scope_spans; s++) {
            Opentelemetry__Proto__Trace__V1__ScopeSpans *scope = resource->scope_spans[s];
            for (size_t i = 0; i < scope->n_spans; i++)
                for (size_t a = 0; a < scope->spans[i]->n_attributes; a++)
                    rename_attribute(scope->spans[i]->attributes[a]);
        }
    }
}
