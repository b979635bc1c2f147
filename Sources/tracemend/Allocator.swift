import CMalloc
import ServiceLifecycle

/// The allocator of the C library, set for a process that runs long under a load that comes and goes.
struct Allocator: Service {
    /// With an arena for each thread, what one thread frees is of no use to the next: under load
    /// the process grew by half within minutes. Call it before there are threads.
    static func limitArenas() {
        mallopt(M_ARENA_MAX, 2)
    }

    /// Gives the pages back that hold nothing, every ten seconds: the C library itself gives back the
    /// end of an arena only. Returns after a graceful shutdown.
    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                // A cancelled sleep ends the loop by its condition.
                _ = try? await Task.sleep(for: .seconds(10))
                malloc_trim(0)
            }
        }
    }
}
