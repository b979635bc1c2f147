import TestSupport
import Foundation
import Mending
import OTLP
import SemanticConventions
import Testing

extension Capture {
    func mended(originals: Originals = .keep) throws -> TraceBatch {
        mender(of: originals).mend(try batch(), identity: .named(name)).batch
    }

    /// Whether the tables of the rules name a key as canonical.
    static func isCanonical(_ key: String) -> Bool {
        canonicalKeys.contains(key) || canonicalPrefixes.contains { key.hasPrefix($0) }
    }

    private static let canonicalPrefixes = canonicalKeys.compactMap { key in
        key.firstIndex(of: "{").map { key[..<$0] }
    }

    private static let canonicalKeys: Set<String> = {
        let keys = ["canonical": 0, "ext": 2].flatMap { (table, column) -> [String] in
            let file = Fixtures.folder.appending(
                path: "../../Sources/SemanticConventions/Rules/\(table).tsv")
            let text = (try? String(contentsOf: file, encoding: .utf8)) ?? ""
            return text.split(separator: "\n").dropFirst().map {
                String($0.split(separator: "\t", omittingEmptySubsequences: false)[column])
            }
        }
        return Set(keys)
    }()
}

/// The built-in rules, read once.
let rules: RuleSet = {
    do {
        return try RuleSet.builtIn()
    } catch {
        Issue.record("\(error)")
        preconditionFailure("\(error)")
    }
}()

let normalizer = Normalizer(rules: rules)
private let keeping = Mender(rules: rules, originals: .keep)
private let dropping = Mender(rules: rules, originals: .drop)

func mender(of originals: Originals) -> Mender { originals == .keep ? keeping : dropping }

extension TraceBatch {
    /// The canonical attributes of a span.
    func canonical(ofSpan span: Int) -> [String: AnyValue] {
        attributes(ofSpan: span).filter { key, _ in
            !key.hasPrefix("tracemend.") && Capture.isCanonical(key)
        }
    }

    /// A batch with one span.
    static func span(
        _ name: String, _ attributes: [KeyValue], kind: Int32 = 3
    ) -> TraceBatch {
        var batch = TraceBatch()
        batch.resources.append(ResourceRecord())
        batch.scopes.append(ScopeRecord(resource: 0))
        var span = SpanRecord(scope: 0)
        span.traceID = TraceID(high: 1, low: 2)
        span.spanID = SpanID(word: 3)
        span.kind = kind
        span.name = batch.append(name)
        span.attributes = batch.append(keyValues: attributes)
        batch.spans.append(span)
        return batch
    }
}
