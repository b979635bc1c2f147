import Compression
import Inbox
import OTLP

/// Why a request body was refused.
enum BodyError: Error, CustomStringConvertible {
    case inflating(InflateError)
    case decoding(DecodingError)

    var description: String {
        switch self {
        case .inflating(let error): "the body cannot be inflated: \(error)"
        case .decoding(let error): "the body cannot be decoded: \(error)"
        }
    }

    /// 413 for what is too much, 400 for what is wrong.
    var status: Int { isLimit ? 413 : 400 }

    var code: RPCCode { isLimit ? .resourceExhausted : .invalidArgument }

    private var isLimit: Bool {
        switch self {
        case .inflating(.exceedsLimit): true
        case .inflating: false
        case .decoding(let error): error.isLimit
        }
    }
}

/// Reads a body as it was received, without the spans whose ids cannot be used.
///
/// The Receiver and mending read the same bytes, at different times: both come here, so that they
/// see the same spans.
///
/// Log records with GenAI content come as the events that they will be; see
/// `TraceBatch.attachEvents()`. Other log records are left out.
/// - Parameter room: what it may take; nil for all that the limits allow.
func readBody(
    _ body: [UInt8], of signal: RequestKind, _ compression: ContentEncoding,
    _ encoding: BodyFormat, limits: Limits, keys: KeyTable, in room: DecodingRoom? = nil
) throws(BodyError) -> (TraceBatch, IDReport) {
    let plain: [UInt8]
    do {
        plain = try inflate(
            body, encoding: compression, limit: room?.contentBytes ?? limits.bodyBytes)
    } catch {
        throw .inflating(error)
    }
    let decoding = DecodingLimits(maximumNodes: room?.nodes ?? limits.nodes)
    do {
        var batch =
            switch (signal, encoding) {
            case (.traces, .protobuf): try TraceBatch(protobuf: plain, keys: keys, limits: decoding)
            case (.traces, .json): try TraceBatch(json: plain, keys: keys, limits: decoding)
            case (.logs, .protobuf):
                try LogBatch(protobuf: plain, keys: keys, limits: decoding).generativeEvents()
            case (.logs, .json):
                try LogBatch(json: plain, keys: keys, limits: decoding).generativeEvents()
            }
        let report = batch.sanitizeIDs()
        return (batch, report)
    } catch {
        throw .decoding(error)
    }
}

extension Receiver {
    func decode(
        _ body: [UInt8], of signal: RequestKind, _ compression: ContentEncoding,
        _ encoding: BodyFormat, in room: DecodingRoom
    ) throws(BodyError) -> (TraceBatch, IDReport) {
        try readBody(
            body, of: signal, compression, encoding, limits: limits, keys: .none, in: room)
    }
}
