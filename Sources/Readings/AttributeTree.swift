import OTLP

/// Attributes whose dotted keys spell a tree, such as `gen_ai.prompt.0.role`, put together again.
///
/// Source of the rules: `unflatten_attributes` of Agent-lightning 0.3.
struct AttributeTree {
    private struct Node {
        /// In the order in which they came.
        var children: [(name: Substring, node: Int)] = []
        var value: JSONValue?
    }

    private struct Step: Hashable {
        var parent: Int
        var name: Substring
    }

    private var nodes = [Node()]
    private var steps: [Step: Int] = [:]

    /// Keys of more steps than this have the rest of them as the name of their last step.
    private static let deepest = 64

    /// The tree below a prefix; nil where no key begins with the prefix and a dot.
    ///
    /// Steps that are exactly the numbers 0…n-1 make a list, all others an object. Of two keys that
    /// cannot both be, the later one counts.
    static func value(
        below prefix: String, of range: RecordRange, in batch: TraceBatch
    ) -> JSONValue? {
        let start = Array((prefix + ".").utf8)
        var tree = AttributeTree()
        for attribute in batch.attributes(range)
        where batch.bytes(attribute.key).starts(with: start) {
            guard let value = JSONValue(modelOf: batch.anyValue(of: attribute)) else { continue }
            tree.insert(
                String(decoding: batch.bytes(attribute.key).dropFirst(start.count), as: UTF8.self),
                value)
        }
        guard !tree.nodes[0].children.isEmpty else { return nil }
        return tree.assembled()
    }

    private mutating func insert(_ key: String, _ value: JSONValue) {
        var node = 0
        for name in key.split(
            separator: ".", maxSplits: Self.deepest, omittingEmptySubsequences: false)
        {
            nodes[node].value = nil
            node = child(name, of: node)
        }
        for (name, _) in nodes[node].children { steps[Step(parent: node, name: name)] = nil }
        nodes[node].children = []
        nodes[node].value = value
    }

    private mutating func child(_ name: Substring, of parent: Int) -> Int {
        let step = Step(parent: parent, name: name)
        if let known = steps[step] { return known }
        nodes.append(Node())
        nodes[parent].children.append((name, nodes.count - 1))
        steps[step] = nodes.count - 1
        return nodes.count - 1
    }

    /// A child is made after its parent, so from the end every node finds its children done.
    private func assembled() -> JSONValue {
        var values = [JSONValue](repeating: .null, count: nodes.count)
        for index in nodes.indices.reversed() {
            let node = nodes[index]
            if let value = node.value {
                values[index] = value
            } else if let places = Self.listPlaces(node.children.map(\.name)) {
                var elements = [JSONValue](repeating: .null, count: places.count)
                for (place, child) in zip(places, node.children) {
                    elements[place] = values[child.node]
                }
                values[index] = .array(elements)
            } else {
                values[index] = .object(
                    node.children.map { .init(String($0.name), values[$0.node]) })
            }
        }
        return values[0]
    }

    /// The numbers that the names are, where they are 0…n-1.
    private static func listPlaces(_ names: [Substring]) -> [Int]? {
        var isTaken = [Bool](repeating: false, count: names.count)
        var places: [Int] = []
        for name in names {
            guard let place = Int(name), isTaken.indices.contains(place), !isTaken[place],
                String(place) == name
            else { return nil }
            isTaken[place] = true
            places.append(place)
        }
        return places.isEmpty ? nil : places
    }
}

extension JSONValue {
    /// A value as Agent-lightning's span model takes it: scalars, and lists of one scalar type;
    /// all others as JSON text. Nil for a value that is none.
    init?(modelOf value: AnyValue) {
        switch value {
        case .empty: return nil
        case .string, .bool, .int, .double, .bytes: self.init(value)
        case .array(let elements):
            self = elements.isTakenByModel ? JSONValue(value) : .string(JSONValue(value).text)
        case .keyValueList: self = .string(JSONValue(value).text)
        }
    }
}

extension [AnyValue] {
    /// Numbers that JSON cannot hold become text, which would stand among numbers.
    fileprivate var isTakenByModel: Bool {
        isUniform
            && allSatisfy { if case .double(let number) = $0 { number.isFinite } else { true } }
    }
}
