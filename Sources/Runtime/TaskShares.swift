import Synchronization

/// The tasks of one step, dealt out to threads that help each other.
///
/// Every thread has a share: neighbouring tasks, as many as the others' or one more. It takes them from the front, so that it finds in its
/// caches what it left there a step ago. A thread that is done takes single tasks from the far ends of the others' shares. So a thread that
/// is slow, or that the system has taken off its core, holds up the others by no more than the one task that it is in.
///
/// Steps are numbered, and a share is one word that holds the number of its step beside what is left of it: a thread that comes back late
/// finds that its step is over and takes nothing.
final class TaskShares: @unchecked Sendable {
    // Unchecked: the words are atomic; the rest is written in `open` only, which happens before a step's tasks can be taken.

    private let threads: Int
    /// A word a thread, each on cache lines of its own.
    private let words: UnsafeMutablePointer<Atomic<UInt64>>
    private static let wordsApart = 16
    /// The step's tasks, and how many are taken at a time: 1 but for a number that a word has no room for.
    private var taskCount = 0
    private var tasksAtOnce = 1

    init(threads: Int) {
        self.threads = threads
        words = .allocate(capacity: threads * Self.wordsApart)
        for index in 0..<threads * Self.wordsApart { (words + index).initialize(to: Atomic(0)) }
    }

    deinit {
        words.deinitialize(count: threads * Self.wordsApart)
        words.deallocate()
    }

    /// What is left of a share, as a word: the low bits of the step's number, the next piece and the end.
    private struct Share {
        static let bits: UInt64 = 20
        static let most = 1 << Int(bits)
        private static let mask = UInt64(most - 1)

        var step: UInt64
        var next: UInt64
        var end: UInt64

        init(step: Int, _ pieces: Range<Int>) {
            (self.step, next, end) = (Self.stepBits(step), UInt64(pieces.lowerBound), UInt64(pieces.upperBound))
        }

        init(_ word: UInt64) {
            (step, next, end) = (word >> (2 * Self.bits), word >> Self.bits & Self.mask, word & Self.mask)
        }

        var word: UInt64 { step << (2 * Self.bits) | next << Self.bits | end }

        /// A thread that is late by as many steps as these bits count would take a task twice. All threads meet after a run, which
        /// has fewer steps.
        static func stepBits(_ step: Int) -> UInt64 { UInt64(truncatingIfNeeded: step) & (1 << (64 - 2 * bits) - 1) }
    }

    /// Deals out the tasks of a step; when nobody takes tasks of another one any more.
    func open(_ step: Int, tasks: Int) {
        taskCount = tasks
        tasksAtOnce = tasks / Share.most + 1
        let pieces = (tasks + tasksAtOnce - 1) / tasksAtOnce
        for thread in 0..<threads {
            let share = Share(step: step, evenShare(of: pieces, among: threads, number: thread))
            words[thread * Self.wordsApart].store(share.word, ordering: .releasing)
        }
    }

    /// Takes tasks of a step for a thread, its own or another's; nil where none is left.
    func take(_ step: Int, thread: Int) -> Range<Int>? {
        if let piece = take(step, from: thread, atFront: true) { return piece }
        for distance in 1..<max(1, threads) {
            let other = thread + distance
            if let piece = take(step, from: other < threads ? other : other - threads, atFront: false) { return piece }
        }
        return nil
    }

    private func take(_ step: Int, from thread: Int, atFront: Bool) -> Range<Int>? {
        let stepBits = Share.stepBits(step)
        var word = words[thread * Self.wordsApart].load(ordering: .acquiring)
        while true {
            var share = Share(word)
            guard share.step == stepBits, share.next < share.end else { return nil }
            let piece: Int
            if atFront {
                piece = Int(share.next)
                share.next += 1
            } else {
                share.end -= 1
                piece = Int(share.end)
            }
            let (isTaken, observed) = words[thread * Self.wordsApart].weakCompareExchange(
                expected: word, desired: share.word, successOrdering: .acquiringAndReleasing, failureOrdering: .acquiring)
            if isTaken { return piece * tasksAtOnce..<min(taskCount, (piece + 1) * tasksAtOnce) }
            word = observed
        }
    }
}

/// The part of `0 ..< count` that is number `number` of `parts`: contiguous, their sizes within one of each other.
func evenShare(of count: Int, among parts: Int, number: Int) -> Range<Int> {
    // Not count * number: that could overflow for a hostile count.
    let (each, rest) = count.quotientAndRemainder(dividingBy: parts)
    let first = each * number + min(rest, number)
    return first..<first + each + (number < rest ? 1 : 0)
}
