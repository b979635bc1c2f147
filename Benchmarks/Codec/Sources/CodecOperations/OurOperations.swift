import Compression
import OTLP

/// What this project's codec does. The key table holds the body's keys, as the rules' table holds
/// those that LLM libraries write.
public func ourOperations(on body: Body) throws -> [Operation] {
    let bytes = body.bytes
    let decoded = try TraceBatch(protobuf: bytes)
    let keys = KeyTable(decoded.attributes.map { decoded.key(of: $0) })
    let json = decoded.json()
    let compressed = gzip(bytes)
    let reused = Reused(keys: keys)
    let full = Reused(keys: keys)
    try full.batch.decode(protobuf: bytes)
    return [
        Operation("inflate-ours") {
            (try? inflate(compressed, encoding: .gzip, limit: 64 << 20))?.count ?? 0
        },
        Operation("decode-ours") {
            must { () throws(DecodingError) in try reused.batch.decode(protobuf: bytes) }
            return reused.batch.attributes.count
        },
        Operation("decode-ours-cold") {
            must { () throws(DecodingError) in
                try TraceBatch(protobuf: bytes, keys: keys).attributes.count
            }
        },
        Operation("encode-ours") { full.encode() },
        Operation("encode-ours-cold") { full.batch.protobuf().count },
        Operation("rename-ours") {
            must { () throws(DecodingError) in try reused.batch.decode(protobuf: bytes) }
            reused.rename()
            return reused.encode()
        },
        Operation("decode-json-ours") {
            must { () throws(DecodingError) in
                try TraceBatch(json: json, keys: keys).attributes.count
            }
        },
        Operation("encode-json-ours") { full.batch.json().count },
    ]
}

/// Bodies to measure with are valid.
private func must<Result>(_ read: () throws(DecodingError) -> Result) -> Result {
    do {
        return try read()
    } catch {
        preconditionFailure(error.description)
    }
}

/// A batch that is used again and again, as a collector's worker does it.
private final class Reused {
    var batch: TraceBatch
    private let renamed: [(old: KeyID, new: String)]
    private var edited: [Attribute] = []
    private var encoder = ProtobufEncoder()

    init(keys: KeyTable) {
        batch = TraceBatch(keys: keys)
        renamed = Renaming.names.map { (keys.id(of: $0.0), $0.1) }
    }

    func encode() -> Int {
        encoder.encode(batch)
        return size(of: encoder)
    }

    func rename() {
        let slices = renamed.map { ($0.old, batch.append($0.new)) }
        for span in batch.spans.indices {
            edited.removeAll(keepingCapacity: true)
            edited.append(contentsOf: batch.attributes(batch.spans[span].attributes))
            var isChanged = false
            for place in edited.indices {
                for (old, new) in slices where edited[place].keyID == old {
                    edited[place].key = new
                    edited[place].keyID = .unknown
                    isChanged = true
                }
            }
            if isChanged { batch.replaceAttributes(ofSpan: span, with: edited) }
        }
    }
}

private func size(of encoder: borrowing ProtobufEncoder) -> Int { encoder.bytes.byteCount }
