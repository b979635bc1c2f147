import HTTPTypes
import HummingbirdTesting
import NIOCore
import Testing

/// One request and what it must be answered with.
struct Exchange: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var method = HTTPRequest.Method.post
    var path = "/v1/traces"
    var headers: [String: String] = ["content-type": "application/x-protobuf"]
    var body: [UInt8] = []
    var status: Int
    /// Headers that the answer must have; "" for one that it must not have.
    var answers: [String: String] = [:]
    /// What the answer's text must contain.
    var says = ""

    static let protobuf = ["content-type": "application/x-protobuf"]
    static let json = ["content-type": "application/json"]

    static func with(_ headers: [String: String], _ more: [String: String]) -> [String: String] {
        headers.merging(more) { $1 }
    }

    func check(_ client: any TestClientProtocol) async throws {
        let answer = try await client.executeRequest(
            uri: path, method: method, headers: fields(), body: ByteBuffer(bytes: body))
        try check(Int(answer.status.code), answer.headers, String(buffer: answer.body))
    }

    func check(_ client: LiveClient) async throws {
        let answer = try await client.ask(
            path, method: method, headers: headers, body: ByteBuffer(bytes: body))
        try check(answer.status, answer.headers, answer.text)
    }

    private func fields() throws -> HTTPFields {
        var fields = HTTPFields()
        for (name, value) in headers {
            fields[try #require(HTTPField.Name(name))] = value
        }
        return fields
    }

    private func check(_ found: Int, _ headers: HTTPFields, _ text: String) throws {
        #expect(found == status, "\(testDescription): \(text)")
        for (name, value) in answers {
            let found = headers[try #require(HTTPField.Name(name))] ?? ""
            #expect(found == value, "\(testDescription): \(name)")
        }
        #expect(text.contains(says) || says.isEmpty, "\(testDescription): \(text)")
        if method == .head { #expect(text.isEmpty) }
    }
}
