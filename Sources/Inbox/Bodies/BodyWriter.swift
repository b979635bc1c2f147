internal import GRDB

/// Writes to a file of bodies from its start, in blocks: many bodies share a write, and each write
/// is aligned as a direct one has to be.
///
/// `flush()` fills the last block up with zeros; the next body begins behind it.
struct BodyWriter: ~Copyable {
    /// What the VFS writes at once is less than 128 KiB.
    private static let blockBytes = 31 * DirectFiles.alignment

    private let file: SQLiteFile
    private let block: UnsafeMutableRawBufferPointer
    private var filled = 0
    /// Where the block goes.
    private var start: Int64 = 0

    /// Makes the file.
    static func open(path: String) throws(DatabaseError) -> BodyWriter {
        DirectFiles.install
        return BodyWriter(file: try SQLiteFile.open(path: path, for: .write))
    }

    private init(file: consuming SQLiteFile) {
        self.file = file
        block = .allocate(byteCount: Self.blockBytes, alignment: DirectFiles.alignment)
    }

    deinit { block.deallocate() }

    /// Where the next body goes.
    var position: Int64 { start + Int64(filled) }

    mutating func append(_ body: [UInt8]) throws(DatabaseError) {
        var rest = body[...]
        while !rest.isEmpty {
            let piece = rest.prefix(Self.blockBytes - filled)
            piece.withUnsafeBytes { piece in
                UnsafeMutableRawBufferPointer(rebasing: block[filled...]).copyMemory(from: piece)
            }
            filled += piece.count
            rest = rest.dropFirst(piece.count)
            if filled == Self.blockBytes { try flush() }
        }
    }

    /// Writes what waits in the block.
    mutating func flush() throws(DatabaseError) {
        guard filled > 0 else { return }
        let whole = (filled + DirectFiles.alignment - 1) / DirectFiles.alignment
        let count = whole * DirectFiles.alignment
        block[filled..<count].initializeMemory(as: UInt8.self, repeating: 0)
        let position = start
        // Whatever comes of the write, these bytes of the file are not used again.
        start += Int64(count)
        filled = 0
        try file.write(UnsafeRawBufferPointer(rebasing: block[..<count]), at: position)
    }

    func sync() throws(DatabaseError) { try file.sync() }

    /// Cuts the file at a position where it was synced.
    func truncate(to count: Int64) throws(DatabaseError) { try file.truncate(to: count) }
}
