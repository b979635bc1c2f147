extension TraceBatch {
    /// Keeps exactly these spans, in this order.
    ///
    /// What belongs to a span by its index, such as unknown fields, follows it. Records of spans
    /// that go stay in their arrays, unused.
    /// - Parameter order: indices in `spans`; an index that repeats counts once, one that is none
    ///   is skipped.
    public mutating func arrangeSpans(_ order: [Int]) {
        var places = [UInt32?](repeating: nil, count: spans.count)
        var arranged: [SpanRecord] = []
        arranged.reserveCapacity(order.count)
        for index in order where spans.indices.contains(index) && places[index] == nil {
            places[index] = UInt32(arranged.count)
            arranged.append(spans[index])
        }
        let place = { (index: UInt32) -> UInt32? in
            Int(index) < places.count ? places[Int(index)] : nil
        }
        spans = arranged
        unknownFields = unknownFields.compactMap { field in
            var moved = field
            switch field.owner {
            case .span(let index):
                guard let found = place(index) else { return nil }
                moved.owner = .span(found)
            case .status(let index):
                guard let found = place(index) else { return nil }
                moved.owner = .status(found)
            default: break
            }
            return moved
        }
        irregularIDs = irregularIDs.compactMap { irregular in
            guard case .span(let index) = irregular.owner else { return irregular }
            guard let found = place(index) else { return nil }
            var moved = irregular
            moved.owner = .span(found)
            return moved
        }
    }
}
