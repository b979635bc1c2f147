import OTLP

/// Reads tool definitions and retrieved documents as those of the GenAI conventions.
enum DefinitionReader {
    /// The flat definitions of a value: an array, one definition, or JSON texts of them.
    static func tools(_ value: JSONValue) -> [JSONValue] {
        switch value.unwrapped {
        case .array(let elements): elements.flatMap { tools($0) }
        case .object(let members): tools(in: .object(members)).compactMap { sound($0) }
        default: []
        }
    }

    /// The definition with a name, a type and parameters that are a schema; nil where it cannot
    /// have a name. What a provider builds in is called by its type.
    static func sound(_ definition: JSONValue) -> JSONValue? {
        guard definition.object != nil else { return nil }
        var sound = definition
        let type = definition["type"]?.string ?? "function"
        if definition["type"]?.string == nil || type.isEmpty {
            sound = sound.replacing("type", with: "function")
        }
        if definition["name"]?.string?.isEmpty ?? true {
            guard type != "function", !type.isEmpty, definition["content"] == nil else {
                return nil
            }
            sound = sound.replacing("name", with: .string(type))
        }
        if let description = definition["description"], description.string == nil,
            description != .null
        {
            sound = sound.replacing("description", with: .string(description.asText))
        }
        guard let parameters = definition["parameters"] else { return sound }
        switch parameters.unwrapped {
        case parameters where parameters.string == nil && parameters.isSchema: return sound
        case let schema where schema.isSchema: return sound.replacing("parameters", with: schema)
        default: return sound.removing("parameters")
        }
    }

    /// Definitions stand in a request beside its messages, or among them.
    private static func tools(in object: JSONValue) -> [JSONValue] {
        if let declarations = object.first(of: "function_declarations", "functionDeclarations") {
            return tools(declarations)
        }
        if object["role"]?.string != nil {
            return definition(amongMessages: object).map { [tool($0)] } ?? []
        }
        if object["name"] == nil, object["function"] == nil,
            object.first(of: "messages", "input", "contents") != nil
        {
            return object["tools"].map { tools($0) } ?? []
        }
        return [tool(object)]
    }

    /// The definition that Langfuse's callbacks write as a message of the role "tool".
    static func definition(amongMessages message: JSONValue) -> JSONValue? {
        guard message["role"] == "tool", message["tool_call_id"] == nil,
            let content = message["content"], content["function"]?["name"]?.string != nil
        else { return nil }
        return content
    }

    /// One definition: flat already, nested as OpenAI's API has it, or Anthropic's.
    static func tool(_ value: JSONValue) -> JSONValue {
        if let data = value["data"], data["name"]?.string != nil {
            return definition(
                type: "function", name: data["name"]?.string,
                description: data["description"]?.string, parameters: data["parameters"])
        }
        let inner = value["function"]?.object == nil ? value : value["function"] ?? value
        if value["function"] == nil, value["type"]?.string != nil, value["name"]?.string != nil,
            value["input_schema"] == nil, value["inputSchema"] == nil,
            value["parameters"]?.string == nil
        {
            return value
        }
        guard let name = inner["name"]?.string else {
            // A bare schema says its name in its title, if at all.
            guard value["properties"] != nil else { return value }
            var members: [JSONValue.Member] = [.init("type", "function")]
            if let title = value["title"]?.string { members.append(.init("name", .string(title))) }
            return .object(members + [.init("parameters", value)])
        }
        let type = value["type"]?.string ?? "function"
        return definition(
            type: type == "custom" && value["input_schema"] != nil ? "function" : type, name: name,
            description: inner["description"]?.string,
            parameters: inner.first(of: "parameters", "input_schema", "inputSchema")?.unwrapped)
    }

    static func definition(
        type: String, name: String?, description: String?, parameters: JSONValue?
    ) -> JSONValue {
        var members: [JSONValue.Member] = [.init("type", .string(type))]
        if let name { members.append(.init("name", .string(name))) }
        if let description { members.append(.init("description", .string(description))) }
        if let parameters { members.append(.init("parameters", parameters)) }
        return .object(members)
    }

    /// The documents of a value.
    static func documents(_ value: JSONValue) -> [JSONValue] {
        switch value.unwrapped {
        case .array(let elements): elements.flatMap { documents($0) }
        case .object(let members):
            if let inner = JSONValue.object(members).first(of: "documents", "nodes"),
                inner.array != nil
            {
                documents(inner)
            } else {
                [document(.object(members))]
            }
        case let scalar: scalar.isBlank ? [] : [["content": .string(scalar.asText)]]
        }
    }

    private static func document(_ value: JSONValue) -> JSONValue {
        let body = value["kwargs"] ?? value["document"] ?? value["node"] ?? value
        guard body["content"] == nil, let text = body.first(of: "page_content", "text") else {
            return body
        }
        var members: [JSONValue.Member] = []
        if let id = body.first(of: "id", "id_") { members.append(.init("id", id)) }
        if let score = value.first(of: "score") { members.append(.init("score", score)) }
        members.append(.init("content", text))
        if let metadata = body["metadata"] { members.append(.init("metadata", metadata)) }
        return .object(members)
    }
}

extension JSONValue {
    /// Can be a JSON Schema, or says that there is none.
    fileprivate var isSchema: Bool {
        switch self {
        case .object, .bool, .null: true
        default: false
        }
    }
}
