import HierarchyRepair
import OTLP

/// Trees as text, so that a table shows what goes in and what comes out.
///
/// A span is `name start-end`, then flags, then `{ children }`. A span id is the name's. Flags:
/// `agent` `workflow` `step` `model` `tool` `http` `db` operation; `client` `server` kind;
/// `remote` parent in another process; `^x` reported parent x; `t=…` trace, `p=…` process,
/// `th=…` thread, `s=…` scope (`s=?` untold), `r=…` response id (with usage), `u` usage, `links=…`;
/// children inherit trace, process and scope.
struct TreeNotation {
    private var words: ArraySlice<Substring>
    private var spans: [RepairSpan] = []

    static func spans(_ text: String) -> [RepairSpan] {
        var notation = TreeNotation(
            words: text.split(whereSeparator: \.isWhitespace)[...])
        notation.read(below: nil)
        return notation.spans
    }

    private init(words: ArraySlice<Substring>) {
        self.words = words
    }

    static func id(of name: some StringProtocol) -> SpanID { StableHash(String(name)).spanID }

    static func traceID(of name: some StringProtocol) -> TraceID {
        TraceID(high: 7, low: StableHash(String(name)).value)
    }

    static func number(of name: some StringProtocol) -> UInt32 {
        UInt32(truncatingIfNeeded: StableHash(String(name)).value) | 1
    }

    private mutating func read(below parent: RepairSpan?) {
        while let name = words.popFirst(), name != "}" {
            var span = RepairSpan(
                key: SpanKey(
                    traceID: parent?.key.traceID ?? Self.traceID(of: "a"),
                    spanID: Self.id(of: name)))
            span.parentSpanID = parent?.key.spanID ?? .invalid
            span.process = parent?.process ?? Self.number(of: "main")
            span.service = Self.number(of: "service")
            span.scope = parent?.scope ?? Self.number(of: "app")
            span.flags = 0x100
            span.kind = 1
            span.nameShape = StableHash(name.filter { !$0.isNumber }).value
            if let times = words.popFirst()?.split(separator: "-"), times.count == 2 {
                span.start = 1000 + (UInt64(times[0]) ?? 0)
                span.end = 1000 + (UInt64(times[1]) ?? 0)
            }
            var hasChildren = false
            while let word = words.first, !hasChildren, word != "}" {
                if word == "{" {
                    hasChildren = true
                } else if !apply(word, to: &span) {
                    break
                }
                words.removeFirst()
            }
            spans.append(span)
            if hasChildren { read(below: span) }
        }
    }

    private func apply(_ word: Substring, to span: inout RepairSpan) -> Bool {
        switch word {
        case "agent": span.operation = .agent
        case "workflow": span.operation = .workflow
        case "step": span.operation = .step
        case "model": span.operation = .model
        case "tool": span.operation = .tool
        case "http": span.operation = .http
        case "db": span.operation = .database
        case "client": span.kind = 3
        case "server": span.kind = 2
        case "remote": span.flags = 0x300
        case "u": span.hasUsage = true
        default:
            if word.first == "^" {
                span.parentSpanID = Self.id(of: word.dropFirst())
                return true
            }
            let parts = word.split(separator: "=", maxSplits: 1)
            guard parts.count == 2 else { return false }
            switch parts[0] {
            case "t": span.key.traceID = Self.traceID(of: parts[1])
            case "p": span.process = Self.number(of: parts[1])
            case "th": span.thread = Self.number(of: parts[1])
            case "s": span.scope = parts[1] == "?" ? 0 : Self.number(of: parts[1])
            case "r": span.responseID = Self.number(of: parts[1])
            case "links":
                let target = parts[1].split(separator: "/")
                guard target.count == 2 else { return false }
                span.linked = SpanKey(
                    traceID: Self.traceID(of: target[0]), spanID: Self.id(of: target[1]))
            default: return false
            }
        }
        return true
    }
}

/// A repaired tree as text: `name{children}` in time order; `?` for a placeholder; `name:rule`
/// where a rule changed the parent; `name=twin` for a duplicate.
func drawing(
    of tree: RepairedTree, names: [String], rules: Bool = true
) -> String {
    var byID: [SpanID: String] = [:]
    for name in names { byID[TreeNotation.id(of: name)] = name }
    var children: [Int: [Int]] = [:]
    var roots: [Int] = []
    for (place, node) in tree.nodes.enumerated() {
        if let parent = node.parent {
            children[parent, default: []].append(place)
        } else {
            roots.append(place)
        }
    }
    func draw(_ places: [Int]) -> String {
        places.map { place in
            let node = tree.nodes[place]
            var text = node.source == nil ? "?" : byID[node.key.spanID] ?? "\(node.key.spanID)"
            if let twin = node.duplicateOf { text += "=" + (byID[twin] ?? "\(twin)") }
            if rules, node.source != nil, let repair = node.repair {
                text += ":\(repair.rule.rawValue)"
            }
            if let below = children[place] { text += "{\(draw(below))}" }
            return text
        }.joined(separator: " ")
    }
    return draw(roots)
}

/// Repairs a tree given as text and draws the result.
func repaired(_ text: String) -> String {
    let names = text.split(whereSeparator: \.isWhitespace).map(String.init)
    let tree = RepairedTree(
        repairing: TreeNotation.spans(text), identity: StableHash("run"))
    return drawing(of: tree, names: names)
}
