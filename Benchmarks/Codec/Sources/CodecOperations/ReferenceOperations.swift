import CArena
import CProtobufC
import OTLPReference

private typealias Request = Opentelemetry__Proto__Collector__Trace__V1__ExportTraceServiceRequest

/// What libprotobuf-c does with the code that protoc-c makes of proto/.
public func referenceOperations(on body: Body) -> [Operation] {
    let bytes = body.bytes
    let memory = ArenaMemory(capacity: 64 << 20)
    let kept = ArenaMemory(capacity: 64 << 20)
    let full = kept.unpack(bytes)
    let packed = UnsafeMutableRawBufferPointer.allocate(
        byteCount: bytes.count * 2, alignment: 16)
    let target = packed.baseAddress?.assumingMemoryBound(to: UInt8.self)
    // Whoever packs has to ask for the size first, to have room.
    let pack = { (request: UnsafeMutablePointer<Request>?) in
        let size =
            opentelemetry__proto__collector__trace__v1__export_trace_service_request__get_packed_size(
                request)
        precondition(size <= packed.count)
        return opentelemetry__proto__collector__trace__v1__export_trace_service_request__pack(
            request, target)
    }
    return [
        Operation("decode-protobuf-c-malloc") {
            let request =
                opentelemetry__proto__collector__trace__v1__export_trace_service_request__unpack(
                    nil, bytes.count, bytes)
            defer {
                opentelemetry__proto__collector__trace__v1__export_trace_service_request__free_unpacked(
                    request, nil)
            }
            return request?.pointee.n_resource_spans ?? 0
        },
        Operation("decode-protobuf-c-arena") {
            memory.reset()
            return memory.unpack(bytes)?.pointee.n_resource_spans ?? 0
        },
        Operation("encode-protobuf-c") { pack(full) },
        Operation("rename-protobuf-c-arena") {
            memory.reset()
            let request = memory.unpack(bytes)
            rename_two_attributes(request)
            return pack(request)
        },
    ]
}

/// What the arena's allocator points to while the process lives.
private struct ArenaMemory {
    private let arena: UnsafeMutablePointer<arena>
    private let allocator: UnsafeMutablePointer<ProtobufCAllocator>

    init(capacity: Int) {
        let memory = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
        arena = .allocate(capacity: 1)
        arena.initialize(to: CArena.arena(memory: memory, capacity: capacity, used: 0))
        allocator = .allocate(capacity: 1)
        allocator.initialize(to: arena_allocator(arena))
    }

    func reset() { arena.pointee.used = 0 }

    func unpack(_ bytes: [UInt8]) -> UnsafeMutablePointer<Request>? {
        opentelemetry__proto__collector__trace__v1__export_trace_service_request__unpack(
            allocator, bytes.count, bytes)
    }
}
