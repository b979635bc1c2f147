import TestSupport
import OTLP
import SemanticConventions
import Testing

@Suite("General attributes get their current names")
struct GeneralRenameTests {
    struct Case: CustomTestStringConvertible, Sendable {
        var what: String
        var kind: Int32 = 3
        var given: [KeyValue]
        var added: [String: AnyValue]

        var testDescription: String { what }
    }

    @Test(
        "Old names are copied to new ones with the types of today",
        arguments: [
            Case(
                what: "an HTTP client of 2023",
                given: [
                    KeyValue("http.method", "GET"),
                    KeyValue("http.url", "http://127.0.0.1:25555/items/1?verbose=1"),
                    KeyValue("http.status_code", 200), KeyValue("net.peer.name", "127.0.0.1"),
                    KeyValue("net.peer.port", "25555"),
                ],
                added: [
                    "http.request.method": "GET",
                    "url.full": "http://127.0.0.1:25555/items/1?verbose=1",
                    "http.response.status_code": 200, "server.address": "127.0.0.1",
                    "server.port": 25555,
                ]),
            Case(
                what: "an HTTP server of 2023", kind: 2,
                given: [
                    KeyValue("http.target", "/items/1?verbose=1"), KeyValue("http.scheme", "http"),
                    KeyValue("http.host", "127.0.0.1:8080"), KeyValue("net.peer.port", 40000),
                    KeyValue("http.flavor", "1.1"),
                ],
                added: [
                    "url.path": "/items/1", "url.query": "verbose=1", "url.scheme": "http",
                    "server.address": "127.0.0.1", "server.port": 8080, "client.port": 40000,
                    "network.protocol.version": "1.1",
                ]),
            Case(
                what: "an HTTP server with an IPv6 address", kind: 2,
                given: [
                    KeyValue("http.host", "[::1]:8080"), KeyValue("net.peer.ip", "::1"),
                    KeyValue("http.url", "http://[::1]:8080/items?a=1#b"),
                    KeyValue("http.target", "/items"),
                ],
                added: [
                    "server.address": "::1", "server.port": 8080, "client.address": "::1",
                    "network.peer.address": "::1", "url.path": "/items", "url.query": "a=1",
                    "url.full": "http://[::1]:8080/items?a=1#b",
                ]),
            Case(
                what: "a database call",
                given: [
                    KeyValue("db.system", "mssql"), KeyValue("db.statement", "SELECT 1"),
                    KeyValue("db.name", "shop"), KeyValue("db.operation", "SELECT"),
                ],
                added: [
                    "db.system.name": "microsoft.sql_server", "db.query.text": "SELECT 1",
                    "db.namespace": "shop", "db.operation.name": "SELECT",
                ]),
            Case(
                what: "both names: the new one is right",
                given: [
                    KeyValue("http.method", "GET"), KeyValue("http.request.method", "POST"),
                ], added: [:]),
            Case(
                what: "words of the application",
                given: [
                    KeyValue("state", "open"), KeyValue("model", "T"), KeyValue("user.id", "7"),
                ], added: [:]),
        ])
    func renames(_ example: Case) {
        var batch = TraceBatch.example("GET", kind: example.kind, example.given)
        normalizer.normalize(&batch)
        var expected = example.added
        for given in example.given { expected[given.key] = given.value }
        #expect(batch.attributes(ofSpan: 0) == expected)
    }

    @Test(
        "Captured web programs",
        arguments: ["web_flask_full_old", "web_flask_full_v1_21", "web_fastapi_partial_old"])
    func captured(_ name: String) throws {
        var batch = try Capture(name).batch(keys: rules.keyTable)
        normalizer.normalize(&batch)
        var statuses = 0
        for attributes in batch.attributesBySpan.values {
            #expect(attributes["tracemend.dialect"] == nil)
            #expect(attributes["http.request.method"] == attributes["http.method"])
            #expect(attributes["url.full"] == attributes["http.url"])
            if let status = attributes["http.status_code"] {
                #expect(attributes["http.response.status_code"] == status)
                #expect(status.intValue != nil)
                statuses += 1
            }
            if let system = attributes["db.system"] {
                #expect(attributes["db.system.name"] == system)
                #expect(attributes["db.query.text"] == attributes["db.statement"])
            }
        }
        #expect(statuses > 0)
    }

    /// Libraries in their mode "dup" write old and new names: the renames have to give the new ones.
    @Test(
        "What libraries write under both names comes out of the old ones",
        arguments: ["web_flask_full_dup", "web_fastapi_full_dup"])
    func duplicated(_ name: String) throws {
        let written = try Capture(name).batch(keys: rules.keyTable)
        // These are no renames: no old attribute has the value.
        let underived: Set = ["error.type", "network.peer.address", "network.peer.port"]
        let new: Set = [
            "http.request.method", "http.response.status_code", "url.full", "url.scheme",
            "url.path", "url.query", "server.address", "server.port", "client.address",
            "client.port", "network.protocol.version", "user_agent.original", "db.system.name",
            "db.query.text",
        ]
        var batch = written
        for span in batch.spans.indices {
            let kept = batch.attributes(batch.spans[span].attributes).filter {
                !new.union(underived).contains(batch.key(of: $0))
            }
            batch.replaceAttributes(ofSpan: span, with: Array(kept))
        }
        normalizer.normalize(&batch)
        var compared = 0
        for span in written.spans.indices {
            let now = batch.attributes(ofSpan: span)
            let before = written.attributes(ofSpan: span)
            for key in new {
                guard let expected = before[key] else { continue }
                // Only servers have the old name of the user agent.
                if key == "user_agent.original", before["http.user_agent"] == nil { continue }
                compared += 1
                if key == "server.address", let address = expected.stringValue {
                    // The instrumentations leave the port in it.
                    let host = address.split(separator: ":").first.map { String($0) }
                    #expect(now[key]?.stringValue == host)
                } else {
                    #expect(now[key] == expected, "\(batch.spans[span].spanID) \(key)")
                }
            }
        }
        #expect(compared > 60)
    }

    @Test("Spans that have the current names gain nothing")
    func current() throws {
        let original = try Capture("web_flask_partial_new").batch(keys: rules.keyTable)
        var batch = original
        let report = normalizer.normalize(&batch)
        #expect(batch.attributesBySpan == original.attributesBySpan)
        #expect(report == NormalizationReport())
    }
}
