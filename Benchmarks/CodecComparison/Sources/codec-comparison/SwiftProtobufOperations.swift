import CodecOperations
import SwiftProtobuf
import SwiftProtobufMessages

/// What SwiftProtobuf does with the code that protoc-gen-swift makes of proto/.
func swiftProtobufOperations(on body: Body) throws -> [CodecOperations.Operation] {
    typealias Request = Opentelemetry_Proto_Collector_Trace_V1_ExportTraceServiceRequest
    let bytes = body.bytes
    let full = try Request(serializedBytes: bytes)
    let json: [UInt8] = try full.jsonUTF8Bytes()
    return [
        Operation("decode-swift-protobuf") {
            must { try Request(serializedBytes: bytes).resourceSpans.count }
        },
        Operation("encode-swift-protobuf") {
            must { (try full.serializedBytes() as [UInt8]).count }
        },
        Operation("rename-swift-protobuf") {
            must {
                var request = try Request(serializedBytes: bytes)
                request.rename(Renaming.names)
                return (try request.serializedBytes() as [UInt8]).count
            }
        },
        Operation("decode-json-swift-protobuf") {
            must { try Request(jsonUTF8Bytes: json).resourceSpans.count }
        },
        Operation("encode-json-swift-protobuf") {
            must { (try full.jsonUTF8Bytes() as [UInt8]).count }
        },
    ]
}

private func must(_ work: () throws -> Int) -> Int {
    do {
        return try work()
    } catch {
        preconditionFailure("\(error)")
    }
}

extension Opentelemetry_Proto_Collector_Trace_V1_ExportTraceServiceRequest {
    fileprivate mutating func rename(_ names: [(String, String)]) {
        for resource in resourceSpans.indices {
            for scope in resourceSpans[resource].scopeSpans.indices {
                for span in resourceSpans[resource].scopeSpans[scope].spans.indices {
                    resourceSpans[resource].scopeSpans[scope].spans[span].rename(names)
                }
            }
        }
    }
}

extension Opentelemetry_Proto_Trace_V1_Span {
    fileprivate mutating func rename(_ names: [(String, String)]) {
        for place in attributes.indices {
            for (old, new) in names where attributes[place].key == old {
                attributes[place].key = new
            }
        }
    }
}
