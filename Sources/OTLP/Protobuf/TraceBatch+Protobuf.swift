extension TraceBatch {
    /// Decodes one `ExportTraceServiceRequest`.
    ///
    /// Strings that are not UTF-8 are repaired, ids of a wrong length are kept aside and values
    /// nested too deeply are dropped: none of these costs more than itself. See
    /// `repairedStrings`, `sanitizeIDs()` and `droppedDeepValues`.
    /// - Throws: `DecodingError` for a body that is no such message or exceeds a limit.
    public init(
        protobuf body: [UInt8], keys: KeyTable = .none, limits: DecodingLimits = .standard
    ) throws(DecodingError) {
        self.init(keys: keys)
        try decode(protobuf: body, limits: limits)
    }

    /// Decodes one `ExportTraceServiceRequest` into this batch, whose memory and key table are kept
    /// and whose content is replaced. After an error the batch is empty.
    public mutating func decode(
        protobuf body: [UInt8], limits: DecodingLimits = .standard
    ) throws(DecodingError) {
        removeRecords()
        bytes = []
        var cursor = unsafe WireCursor(body.span.bytes, limits: limits)
        do throws(WireError) {
            guard body.count <= Self.maximumBytes else { throw .tooManyBytes }
            bytes = body
            try decodeRequest(&cursor)
        } catch {
            removeAll()
            throw DecodingError(error, at: cursor, limits: limits)
        }
    }
}
