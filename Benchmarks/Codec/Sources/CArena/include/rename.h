#ifndef RENAME_H
#define RENAME_H

#include <trace_service.pb-c.h>

/* Renames server.address to net.peer.name and server.port to net.peer.port, in all spans. */
void rename_two_attributes(
    Opentelemetry__Proto__Collector__Trace__V1__ExportTraceServiceRequest *request);

#endif
