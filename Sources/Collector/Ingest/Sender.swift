import Synchronization

/// Who sends on one connection: the service that its last request told.
///
/// A head names no service, so this is how a service that runs away is known before its next body is
/// read.
public final class Sender: Sendable {
    private let name = Mutex<String?>(nil)

    public init() {}

    /// `service.name`; nil before the first request was read.
    var service: String? {
        get { name.withLock { $0 } }
        set { name.withLock { $0 = newValue } }
    }
}
