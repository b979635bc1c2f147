import OTLP

/// Called by libFuzzer with each body: whatever it is, it is decoded or refused, and what was decoded is stable.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let body = Array(UnsafeBufferPointer(start: start, count: count))
    if let batch = try? TraceBatch(protobuf: body) { checkStability(of: batch) }
    if let batch = try? TraceBatch(json: body) { checkStability(of: batch) }
    return 0
}

private func checkStability(of batch: TraceBatch) {
    let encoded = batch.protobuf()
    guard let again = try? TraceBatch(protobuf: encoded) else {
        preconditionFailure("what was encoded is refused")
    }
    precondition(again.protobuf() == encoded, "encoded twice, the bytes differ")
    let json = batch.json()
    guard let fromJSON = try? TraceBatch(json: json) else {
        preconditionFailure("its JSON is refused")
    }
    precondition(fromJSON.json() == json, "written as JSON twice, the texts differ")
    var sanitized = batch
    _ = sanitized.sanitizeIDs()
    _ = sanitized.protobuf()
}
