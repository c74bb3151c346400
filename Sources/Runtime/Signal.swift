internal import CProcessor
import Foundation
import Synchronization

/// A counter that threads wait on: first spinning, since the next step of a network is mostly microseconds away, then asleep.
final class Signal: @unchecked Sendable {
    // Unchecked: the mutex and the condition live at a fixed address and are made for use by several threads.

    private let epoch = Atomic<Int>(0)
    private let sleepers = Atomic<Int>(0)
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let condition: UnsafeMutablePointer<pthread_cond_t>
    /// How often a waiter looks before it goes to sleep: some tens of microseconds.
    private static let spins = 4000

    init() {
        mutex = .allocate(capacity: 1)
        mutex.initialize(to: pthread_mutex_t())
        condition = .allocate(capacity: 1)
        condition.initialize(to: pthread_cond_t())
        let failed = pthread_mutex_init(mutex, nil) != 0 || pthread_cond_init(condition, nil) != 0
        precondition(!failed, "the system has no memory for a mutex")
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    var count: Int { epoch.load(ordering: .acquiring) }

    /// Counts one up and wakes those who wait.
    func advance() {
        epoch.add(1, ordering: .sequentiallyConsistent)
        // Whoever counts itself a sleeper after this looks at the counter again before it sleeps.
        guard sleepers.load(ordering: .sequentiallyConsistent) > 0 else { return }
        pthread_mutex_lock(mutex)
        pthread_cond_broadcast(condition)
        pthread_mutex_unlock(mutex)
    }

    /// Returns once the counter is no longer `old`.
    func wait(past old: Int) {
        for _ in 0..<Self.spins {
            if epoch.load(ordering: .acquiring) != old { return }
            braid_processor_relax()
        }
        sleepers.add(1, ordering: .sequentiallyConsistent)
        pthread_mutex_lock(mutex)
        while epoch.load(ordering: .sequentiallyConsistent) == old { pthread_cond_wait(condition, mutex) }
        pthread_mutex_unlock(mutex)
        sleepers.subtract(1, ordering: .sequentiallyConsistent)
    }
}
