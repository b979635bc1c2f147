import Foundation
import OTLP
import RepairCases

/// A case as JSON, for other repairs to be measured by.
func exportedCase(_ test: RepairCase) -> [String: Any] {
    let key = { (key: SpanKey) in "\(key.traceID)\(key.spanID)" }
    return [
        "damage": test.damage.rawValue,
        "spans": test.batch.spans.map { span -> [String: Any] in
            [
                "trace": "\(span.traceID)", "id": "\(span.spanID)",
                "parent": span.parentSpanID.isValid ? "\(span.parentSpanID)" : "",
                "name": test.batch.string(span.name),
                "start": span.startTimeUnixNano, "end": span.endTimeUnixNano,
            ]
        },
        "truth": Dictionary(
            uniqueKeysWithValues: test.truths.map { reported, truth -> (String, [String: Any]) in
                (
                    key(reported),
                    [
                        "parent": truth.parent.map(key) ?? "",
                        "damage": truth.damage?.rawValue ?? "", "decided": truth.isDecided,
                    ]
                )
            }),
    ]
}

/// Captures that are broken in themselves, though every parent is there: runs in many traces, twins
/// beside each other. The tests of captures say what becomes of them.
private let broken: Set<String> = [
    "anthropic_traceloop", "autogen_native", "multiproc_disconnected", "openai_mixed",
]

/// Captures whose reported tree is the true one.
func healthyCaptures(in folder: String) throws -> [(name: String, scene: Scene)] {
    let root = URL(fileURLWithPath: folder)
    let names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
    return try names.filter { !$0.hasPrefix("broken") && !broken.contains($0) }.compactMap { name in
        let bodies = try FileManager.default
            .contentsOfDirectory(
                at: root.appending(path: name), includingPropertiesForKeys: nil
            )
            .filter { $0.pathExtension == "bin" }
            .sorted { $0.lastPathComponent < $1.lastPathComponent }
        var gatherer = TraceBatchGatherer(keys: .none)
        for body in bodies {
            guard let batch = try? TraceBatch(protobuf: [UInt8](Data(contentsOf: body))) else {
                return nil
            }
            try gatherer.add(spans: batch.spans.indices, of: batch)
        }
        guard let scene = Scene(capture: gatherer.finish()), scene.count > 2 else { return nil }
        return (name, scene)
    }
}
