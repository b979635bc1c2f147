import Collector
import Foundation

/// Where a path of the query API leads.
enum APIRoute: Hashable {
    case ready
    case metrics
    case runs
    case run(String, RunReading)
    case close(String)
    case deliveries
    case redeliver

    /// Reads a percent-encoded path.
    ///
    /// A run's id holds a slash. It may stand in the path as `%2F`, or as it is; only as `%2F` where
    /// it ends the id, as in that of a rollout without attempts, since empty segments count for
    /// nothing.
    init?(path: String) {
        var segments = path.split(separator: "/").map(String.init)
        switch segments {
        case ["readyz"]: self = .ready
        case ["metrics"]: self = .metrics
        case ["api", "runs"]: self = .runs
        case ["api", "deliveries"]: self = .deliveries
        case ["api", "deliveries", "redeliver"]: self = .redeliver
        default:
            guard segments.count >= 3, segments.prefix(2) == ["api", "runs"] else { return nil }
            segments.removeFirst(2)
            let last = segments.count > 1 ? segments.last.flatMap(RunReading.init(segment:)) : nil
            if last != nil || (segments.count > 1 && segments.last == "close") {
                let isClose = last == nil
                segments.removeLast()
                guard let id = Self.runID(segments) else { return nil }
                self = isClose ? .close(id) : .run(id, last ?? .summary)
            } else {
                guard let id = Self.runID(segments) else { return nil }
                self = .run(id, .summary)
            }
        }
    }

    var methods: [String] {
        switch self {
        case .close, .redeliver: ["POST"]
        default: ["GET", "HEAD"]
        }
    }

    /// The path that leads here, for redirects.
    var path: String {
        switch self {
        case .ready: return "/readyz"
        case .metrics: return "/metrics"
        case .runs: return "/api/runs"
        case .deliveries: return "/api/deliveries"
        case .redeliver: return "/api/deliveries/redeliver"
        case .close(let id): return "/api/runs/\(percentEncoded(id))/close"
        case .run(let id, let reading):
            let tail = reading == .summary ? "" : "/\(reading.segment)"
            return "/api/runs/\(percentEncoded(id))\(tail)"
        }
    }

    /// The id in one segment, decoded once; or in two, which then are the id's own parts.
    private static func runID(_ segments: [String]) -> String? {
        switch segments.count {
        case 1: segments[0].removingPercentEncoding
        case 2: segments.joined(separator: "/")
        default: nil
        }
    }
}

/// A text as one segment of a path or as one value of a query, such as a run's id.
public func percentEncoded(_ text: String) -> String {
    let digits = Array("0123456789ABCDEF")
    var encoded = ""
    for byte in text.utf8 {
        let scalar = Unicode.Scalar(byte)
        if unreserved.contains(scalar) {
            encoded.unicodeScalars.append(scalar)
        } else {
            encoded.append("%")
            encoded.append(digits[Int(byte >> 4)])
            encoded.append(digits[Int(byte & 15)])
        }
    }
    return encoded
}

/// Source: RFC 3986, section 2.3.
private let unreserved = Set(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~".unicodeScalars)
