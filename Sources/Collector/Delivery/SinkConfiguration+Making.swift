import ClickHouseSink
import Foundation
import LightningSink
import Logging
import OTLPSink
import Sinks

extension SinkConfiguration {
    /// The sink that this entry describes.
    func makeSink(logger: Logger) throws -> any TraceSink {
        let fields = headers.sorted { $0.key < $1.key }.map {
            (name: $0.key, value: $0.value.value)
        }
        let warn: @Sendable (SinkWarning) -> Void = { warning in
            logger.warning(
                "a sink took a run with a complaint",
                metadata: [
                    "sink": "\(warning.sink)", "run": "\(warning.runID)",
                    "rejected_spans": "\(warning.rejectedSpans)", "reason": "\(warning.message)",
                ])
        }
        switch kind {
        case .otlp:
            return try OTLPSink(
                OTLPSink.Configuration(
                    name: name,
                    client: OTLPClient.Configuration(
                        endpoint: tracesURL, headers: fields,
                        compression: isCompressed ? .gzip : .none, timeout: timeout),
                    dialect: dialect, maximumRequestBytes: maximumRequestBytes ?? 4 << 20),
                warn: warn)
        case .lightning:
            return try LightningSink(
                LightningSink.Configuration(
                    name: name, url: endpoint, headers: fields, timeout: timeout,
                    adoptsRuns: adoptsRuns), warn: warn)
        case .clickhouse:
            return try ClickHouseSink(
                ClickHouseSink.Configuration(
                    name: name, endpoint: endpoint, database: clickHouse.database,
                    table: clickHouse.table, cluster: clickHouse.cluster,
                    createsSchema: clickHouse.createsSchema, user: clickHouse.user,
                    password: clickHouse.password?.value, headers: fields,
                    isCompressed: isCompressed, timeout: timeout,
                    takesSettledOnly: clickHouse.takesSettledOnly,
                    maximumRequestBytes: maximumRequestBytes ?? 16 << 20))
        }
    }

    /// The endpoint as it is where it has a path, else with the standard one.
    private var tracesURL: String {
        guard let path = URLComponents(string: endpoint)?.path, path.isEmpty || path == "/" else {
            return endpoint
        }
        return endpoint.hasSuffix("/") ? endpoint + "v1/traces" : endpoint + "/v1/traces"
    }
}
