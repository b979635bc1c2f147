import Foundation
import OTLP

/// The part of JSON Schema that the conventions' schemas use.
struct DocumentSchema: Sendable {
    private let root: JSONValue

    /// The schemas of the conventions' documents, by attribute.
    static func conventions() throws -> DocumentSchema {
        let url = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Fixtures/gen-ai-documents.schema.json")
        return DocumentSchema(
            root: try JSONValue(parsing: String(contentsOf: url, encoding: .utf8)))
    }

    init(root: JSONValue) { self.root = root }

    /// The same schemas as open as the conventions have them: any role, reason and arguments.
    var relaxed: DocumentSchema {
        guard case .object(let members) = root else { return self }
        let open: [String: JSONValue] = [
            "Role": ["type": "string"], "FinishReason": ["type": "string"],
            "Name": ["type": "string"],
            "Arguments": .object([]),
        ]
        return DocumentSchema(
            root: .object(
                members.map { member in
                    guard member.name == "$defs" else { return member }
                    return .init(
                        "$defs",
                        .object(
                            (member.value.object ?? []).map {
                                .init($0.name, open[$0.name] ?? $0.value)
                            }))
                }))
    }

    /// The attributes that have a schema.
    var keys: [String] { (root.object ?? []).map(\.name).filter { !$0.hasPrefix("$") } }

    /// What is wrong with a document; nil where it is right.
    func error(_ value: JSONValue, of key: String) -> String? {
        guard let schema = root[key] else { return "no schema of \(key)" }
        return error(value, schema, at: "$")
    }

    private func error(_ value: JSONValue, _ schema: JSONValue, at path: String) -> String? {
        if let reference = schema["$ref"]?.string {
            let name = String(reference.dropFirst("#/$defs/".count))
            guard let target = root["$defs"]?[name] else { return "\(path): no \(reference)" }
            return error(value, target, at: path)
        }
        if let types = schema["type"].map({ $0.array ?? [$0] }),
            !types.contains(where: { Self.isType($0.string ?? "", value) })
        {
            return "\(path): \(value.text) is not \(types.compactMap(\.string))"
        }
        if let constant = schema["const"], value != constant {
            return "\(path): \(value.text) is not \(constant.text)"
        }
        if let allowed = schema["enum"]?.array, !allowed.contains(value) {
            return "\(path): \(value.text) is not one of \(schema["enum"]?.text ?? "")"
        }
        if let least = schema["minLength"], case .int(let length) = least,
            (value.string?.count ?? 0) < length
        {
            return "\(path): \(value.text) is too short"
        }
        if let forbidden = schema["not"], error(value, forbidden, at: path) == nil {
            return "\(path): \(value.text) is forbidden"
        }
        if let choices = schema["anyOf"]?.array {
            let errors = choices.map { error(value, $0, at: path) }
            if !errors.contains(nil) {
                return "\(path): \(value.text): \(errors.compactMap { $0 })"
            }
        }
        return membersError(value, schema, at: path)
    }

    private func membersError(_ value: JSONValue, _ schema: JSONValue, at path: String) -> String? {
        for name in schema["required"]?.array?.compactMap(\.string) ?? []
        where value[name] == nil {
            return "\(path): \(value.text) has no \(name)"
        }
        for property in schema["properties"]?.object ?? [] {
            guard let member = value[property.name] else { continue }
            if let wrong = error(member, property.value, at: "\(path).\(property.name)") {
                return wrong
            }
        }
        guard let items = schema["items"] else { return nil }
        for (index, element) in (value.array ?? []).enumerated() {
            if let wrong = error(element, items, at: "\(path)[\(index)]") { return wrong }
        }
        return nil
    }

    private static func isType(_ type: String, _ value: JSONValue) -> Bool {
        switch (type, value) {
        case ("array", .array), ("object", .object), ("string", .string), ("null", .null),
            ("boolean", .bool), ("integer", .int), ("number", .int), ("number", .double):
            true
        default: false
        }
    }
}
