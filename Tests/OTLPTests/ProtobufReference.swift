import CProtobufC
import OTLPReference

/// What libprotobuf-c makes of a request.
enum Reference {
    /// The request, unpacked and packed again; nil where libprotobuf-c refuses it.
    ///
    /// Two bodies that it packs to equal bytes are equal field by field, unknown fields included.
    static func normalized(_ body: [UInt8]) -> [UInt8]? {
        typealias Request = Opentelemetry__Proto__Collector__Trace__V1__ExportTraceServiceRequest
        guard
            let request: UnsafeMutablePointer<Request> =
                opentelemetry__proto__collector__trace__v1__export_trace_service_request__unpack(
                    nil, body.count, body)
        else { return nil }
        defer {
            opentelemetry__proto__collector__trace__v1__export_trace_service_request__free_unpacked(
                request, nil)
        }
        return packed(request)
    }

    static func packed(
        _ request: UnsafePointer<
            Opentelemetry__Proto__Collector__Trace__V1__ExportTraceServiceRequest
        >
    ) -> [UInt8] {
        let size =
            opentelemetry__proto__collector__trace__v1__export_trace_service_request__get_packed_size(
                request)
        return [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            count = opentelemetry__proto__collector__trace__v1__export_trace_service_request__pack(
                request, buffer.baseAddress)
        }
    }
}
