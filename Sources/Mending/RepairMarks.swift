import HierarchyRepair
import OTLP

/// Writes a repaired tree into the batch that it was made from, and tells every change.
struct RepairMarks {
    private var batch: TraceBatch
    private var keys: [String: Slice] = [:]
    private var scopes: [UInt32: UInt32] = [:]

    init(_ batch: TraceBatch) {
        self.batch = batch
    }

    /// The batch of the mended run: spans of the tree in its order, each change marked.
    mutating func write(_ tree: RepairedTree) -> (TraceBatch, [MendedSpan]) {
        batch.renameLinks(tree.renamed)
        var told: [MendedSpan] = []
        told.reserveCapacity(tree.nodes.count)
        var order: [Int] = []
        order.reserveCapacity(tree.nodes.count)
        for node in tree.nodes {
            if let index = node.source {
                order.append(index)
                told.append(write(node, at: index))
            } else {
                order.append(batch.spans.count)
                told.append(appendPlaceholder(node))
            }
        }
        placePlaceholders(tree, order)
        batch.arrangeSpans(order)
        return (batch, told)
    }

    private mutating func write(_ node: RepairedTree.Node, at index: Int) -> MendedSpan {
        let span = batch.spans[index]
        var marks: [Attribute] = []
        if let repair = node.repair { append(repair, to: &marks) }
        if node.repair != nil || node.parentSpanID != span.parentSpanID {
            let reported = span.parentSpanID.isValid ? span.parentSpanID.description : ""
            marks.append(mark(MendingAttribute.reportedParentSpanID, .string(reported)))
        }
        if node.key.traceID != span.traceID {
            marks.append(mark(MendingAttribute.reportedTraceID, .string(span.traceID.description)))
        }
        if node.key.spanID != span.spanID {
            let reported = span.spanID.isValid ? span.spanID.description : ""
            marks.append(mark(MendingAttribute.reportedSpanID, .string(reported)))
        }
        if let twin = node.duplicateOf {
            marks.append(mark(MendingAttribute.duplicateOf, .string(twin.description)))
        }
        batch.spans[index].traceID = node.key.traceID
        batch.spans[index].spanID = node.key.spanID
        batch.spans[index].parentSpanID = node.parentSpanID
        if !marks.isEmpty {
            batch.replaceAttributes(
                ofSpan: index, with: batch.attributes(span.attributes) + marks)
        }
        return MendedSpan(
            reported: span.key, reportedParentSpanID: span.parentSpanID,
            repair: node.repair.map(MendedSpan.Repair.init), duplicateOf: node.duplicateOf,
            sequence: node.sequence)
    }

    private mutating func appendPlaceholder(_ node: RepairedTree.Node) -> MendedSpan {
        var marks: [Attribute] = []
        if let repair = node.repair { append(repair, to: &marks) }
        marks.append(mark(MendingAttribute.placeholder, .bool(true)))
        var span = SpanRecord(scope: 0)
        span.traceID = node.key.traceID
        span.spanID = node.key.spanID
        span.parentSpanID = node.parentSpanID
        span.startTimeUnixNano = node.start
        span.endTimeUnixNano = node.end
        span.kind = 1
        span.name = slice("lost parent")
        span.attributes = batch.append(attributes: marks)
        batch.spans.append(span)
        return MendedSpan(
            reported: node.key, reportedParentSpanID: .invalid,
            repair: node.repair.map(MendedSpan.Repair.init), duplicateOf: node.duplicateOf,
            isPlaceholder: true, sequence: node.sequence)
    }

    /// Gives placeholders the resource of their first child, in a scope of our own.
    ///
    /// Children stand behind their parents, so going backward each child is placed already.
    private mutating func placePlaceholders(_ tree: RepairedTree, _ order: [Int]) {
        let any = tree.nodes.first { $0.source != nil }.flatMap(\.source) ?? 0
        for (place, node) in tree.nodes.enumerated().reversed() where node.source == nil {
            let child = node.firstChild.map { order[$0] } ?? any
            guard batch.spans.indices.contains(child) else { continue }
            let resource = batch.scope(of: batch.spans[child]).resource
            batch.spans[order[place]].scope = scope(in: resource)
        }
    }

    private mutating func scope(in resource: UInt32) -> UInt32 {
        if let known = scopes[resource] { return known }
        let found = batch.scopes.firstIndex {
            $0.resource == resource && $0.version.isEmpty && batch.text($0.name, equals: "tracemend")
        }
        if let found {
            scopes[resource] = UInt32(found)
            return UInt32(found)
        }
        var scope = ScopeRecord(resource: resource)
        scope.hasScope = true
        scope.name = slice("tracemend")
        batch.scopes.append(scope)
        let index = UInt32(batch.scopes.count - 1)
        scopes[resource] = index
        return index
    }

    private mutating func append(_ repair: RepairedTree.Repair, to marks: inout [Attribute]) {
        marks.append(mark(MendingAttribute.repairRule, .string(repair.rule.rawValue)))
        marks.append(mark(MendingAttribute.repairConfidence, .double(repair.confidence)))
    }

    private mutating func mark(_ key: String, _ value: AnyValue) -> Attribute {
        let flat: FlatValue =
            if case .string(let text) = value { .string(slice(text)) } else { batch.flatten(value) }
        return Attribute(key: slice(key), keyID: batch.keys.id(of: key), value: flat)
    }

    /// Texts of marks repeat a lot; each lies in the batch once.
    private mutating func slice(_ text: String) -> Slice {
        if let known = keys[text] { return known }
        let slice = batch.append(text)
        keys[text] = slice
        return slice
    }
}

extension MendedSpan.Repair {
    init(_ repair: RepairedTree.Repair) {
        self.init(rule: repair.rule.rawValue, confidence: repair.confidence)
    }
}
