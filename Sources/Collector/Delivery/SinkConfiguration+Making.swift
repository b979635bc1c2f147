import Foundation
import LightningSink
import Logging
import OTLPSink
import Sinks

extension SinkConfiguration {
    /// The sink that this entry describes.
    func makeSink(logger: Logger) throws -> any TraceSink {
        var otlp = OTLPSink.Configuration(name: name, endpoint: endpoint)
        otlp.headers = headers.map { ($0.key, $0.value.value) }
        otlp.compression = isCompressed ? .gzip : .none
        otlp.timeout = timeout
        otlp.maximumRequestBytes = maximumRequestBytes
        switch kind {
        case .otlp: return try OTLPSink(otlp)
        case .lightning: return try LightningSink(otlp)
        }
    }
}
