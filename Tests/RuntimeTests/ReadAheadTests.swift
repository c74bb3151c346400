import Foundation
import Runtime
import Synchronization
import Testing

/// Results that are made ahead of their use.
@Suite struct ReadAheadTests {
    /// A counter as a source of items.
    private final class Numbers: Sendable {
        let given = Mutex(0)
        let count: Int
        init(_ count: Int) { self.count = count }

        func next() -> Int? {
            given.withLock { given in
                given += 1
                return given <= count ? given - 1 : nil
            }
        }
    }

    private func all<Item, Made>(_ reader: ReadAhead<Item, Made>) -> [Made] {
        var found: [Made] = []
        while true {
            switch reader.next() {
            case .made(let made): found.append(made)
            case .idle: continue
            case .end: return found
            }
        }
    }

    @Test(arguments: [1, 3], [1, 4]) func keepsTheOrder(threads: Int, ahead: Int) {
        let numbers = Numbers(100)
        let reader = ReadAhead(ahead: ahead, threads: threads, source: numbers.next) { number in
            // The first of several takes longest.
            usleep(number % 3 == 0 ? 400 : 0)
            return number * number
        }
        #expect(all(reader) == (0..<100).map { $0 * $0 })
        #expect({ if case .end = reader.next() { true } else { false } }())
    }

    @Test(arguments: [1, 3], [1, 4, 200]) func keepsTheOrderInTurns(threads: Int, atOnce: Int) {
        let numbers = Numbers(100)
        let coming = ReadAhead(ahead: 5, threads: 1, source: numbers.next) { $0 }
        let reader = MakeInTurn(of: coming, atOnce: atOnce, pool: ThreadPool(threads: threads)) { number in
            usleep(number % 3 == 0 ? 400 : 0)
            return number * number
        }
        var found: [Int] = []
        var (asked, done) = (0, 0)
        reading: while true {
            asked += 1
            switch reader.next(meanwhile: { done += 1 }) {
            case .made(let made): found.append(made)
            case .idle: continue
            case .end: break reading
            }
        }
        #expect(done == asked)
        #expect(found == (0..<100).map { $0 * $0 })
        #expect({ if case .end = reader.next() { true } else { false } }())
    }

    /// What was begun is finished, and no more.
    @Test(arguments: [1, 3]) func turnsAreBrokenOff(threads: Int) {
        let numbers = Numbers(100)
        let made = Mutex(0)
        let coming = ReadAhead(ahead: 100, threads: 1, source: numbers.next) { $0 }
        let reader = MakeInTurn(of: coming, atOnce: 100, pool: ThreadPool(threads: threads)) { number in
            usleep(1000)
            return made.withLock { $0 += 1 }
        }
        usleep(100_000)
        let found = reader.next(isInterrupted: { made.withLock { $0 } > 0 })
        #expect({ if case .end = found { true } else { false } }())
        #expect(made.withLock { $0 } < 100)
    }

    /// No more is made than may be kept.
    @Test func waitsForItsReader() {
        let numbers = Numbers(100)
        let reader = ReadAhead(ahead: 5, threads: 2, source: numbers.next) { $0 }
        usleep(100_000)
        #expect(numbers.given.withLock { $0 } == 5)
        for expected in 0..<10 {
            guard case .made(let made) = reader.next() else {
                Issue.record("nothing is made")
                return
            }
            #expect(made == expected)
        }
    }

    @Test func tellsThatNothingComes() {
        let isOpen = Mutex(false)
        let numbers = Numbers(2)
        let reader = ReadAhead(ahead: 4, threads: 1) { () -> Int? in
            if numbers.given.withLock({ $0 }) == 1 { while !isOpen.withLock({ $0 }) { usleep(1000) } }
            return numbers.next()
        } make: {
            $0
        }
        guard case .made(0) = reader.next(), case .idle = reader.next() else {
            Issue.record("it does not tell that it waits")
            return
        }
        // While it waits, it may be interrupted.
        #expect({ if case .end = reader.next(isInterrupted: { true }) { true } else { false } }())
        isOpen.withLock { $0 = true }
        #expect(all(reader) == [1])
    }
}
