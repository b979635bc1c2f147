internal import Glibc

/// The directory that holds the databases of one collector, locked for as long as this value lives.
///
/// Others may open the databases in it for reading.
public final class DataDirectory: Sendable {
    public let path: String
    private let lock: Int32

    /// Makes the directory, with mode 0700, where it is not there, and locks it.
    public init(_ path: String) throws(DataDirectoryError) {
        self.path = path
        try Self.make(path)
        let file = path + "/lock"
        let descriptor = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw .unusable(path: path, message: Self.message())
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let isHeld = errno == EWOULDBLOCK
            let message = Self.message()
            let holder = Self.readNumber(descriptor)
            _ = Glibc.close(descriptor)
            throw isHeld
                ? .locked(path: path, processID: holder) : .unusable(path: path, message: message)
        }
        lock = descriptor
        let text = "\(getpid())\n"
        guard ftruncate(descriptor, 0) == 0,
            pwrite(descriptor, text, text.utf8.count, 0) == text.utf8.count
        else {
            throw .unusable(path: path, message: Self.message())
        }
    }

    deinit {
        // Closing the last descriptor gives the lock back.
        _ = Glibc.close(lock)
    }

    /// The path of a file in the directory.
    public func file(_ name: String) -> String { path + "/" + name }

    private static func make(_ path: String) throws(DataDirectoryError) {
        var end = path.startIndex
        while end < path.endIndex {
            end = path[path.index(after: end)...].firstIndex(of: "/") ?? path.endIndex
            guard mkdir(String(path[..<end]), 0o700) == 0 || errno == EEXIST || errno == EISDIR
            else {
                throw .unusable(path: path, message: message())
            }
        }
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
            throw .unusable(path: path, message: "it is not a directory")
        }
    }

    private static func readNumber(_ descriptor: Int32) -> Int? {
        var bytes = [UInt8](repeating: 0, count: 20)
        let count = pread(descriptor, &bytes, bytes.count, 0)
        guard count > 0 else { return nil }
        return Int(String(decoding: bytes.prefix(count).prefix { $0 >= 0x30 }, as: UTF8.self))
    }

    private static func message() -> String {
        String(cString: strerror(errno))
    }
}

/// Why a data directory cannot be used.
public enum DataDirectoryError: Error, Hashable, Sendable {
    /// Another collector has it; nil when it has not written its process id yet.
    case locked(path: String, processID: Int?)
    /// The system's message.
    case unusable(path: String, message: String)
}

extension DataDirectoryError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .locked(let path, let processID?):
            "\(path): the data directory is in use by process \(processID); "
                + "end it, or choose another directory"
        case .locked(let path, nil):
            "\(path): the data directory is in use by another process; "
                + "end it, or choose another directory"
        case .unusable(let path, let message):
            "\(path): the data directory cannot be used: \(message); "
                + "it has to be a directory that this user may write"
        }
    }
}
