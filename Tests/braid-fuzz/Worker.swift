import Foundation
import Fuzzing
import Synchronization

/// What the inputs so far came to; kept in a file, so that it outlives a worker that crashes.
struct FuzzTally: Codable {
    /// The number of the input being tried.
    var current = 0
    var inputs = 0
    var accepted = 0
    var worstSeconds = 0.0
    var worstInput = 0
    var byKind: [String: Int] = [:]
    var acceptedByKind: [String: Int] = [:]
}

/// Tries inputs in this process until the time is over, or one of them ends it.
struct Worker {
    /// An input that takes more seconds of the processor hangs, as does one that takes so many by the clock.
    static let (patience, patienceByClock) = (5.0, 120.0)
    /// How many times as long roads may take: each compiles, trains and runs a network several times.
    static let roadFactor = 24.0
    /// The exit statuses that tell a supervisor what happened.
    static let (assertion, hang, memory): (Int32, Int32, Int32) = (3, 4, 5)
    /// The most memory of the process, in bytes, whatever it tries.
    static let mostMemory = 4 << 30

    private let generator: FuzzGenerator
    private let folder: String

    init(_ generator: FuzzGenerator, folder: String) {
        self.generator = generator
        self.folder = folder
    }

    static func tallyPath(_ folder: String) -> String { "\(folder)/tally.json" }
    static func positionPath(_ folder: String) -> String { "\(folder)/position" }

    func run(from first: Int, seconds: Double) throws {
        let watch = Watchdog()
        let checks = FuzzChecks(measuresMemory: true)
        var tally =
            (try? JSONDecoder().decode(FuzzTally.self, from: Data(contentsOf: URL(filePath: Self.tallyPath(folder))))) ?? FuzzTally()
        // An input is its number: that much must reach the disk before it is tried.
        let position = open(Self.positionPath(folder), O_WRONLY | O_CREAT, 0o644)
        let start = Date()
        var (number, reported) = (first, start)
        while Date().timeIntervalSince(start) < seconds {
            var bytes = UInt64(number).littleEndian
            pwrite(position, &bytes, 8, 0)
            let input = generator.input(number)
            let began = ProcessTime.nanoseconds
            watch.begin(input.kind)
            do {
                let isAccepted = try checks.run(input)
                if isAccepted {
                    tally.accepted += 1
                    tally.acceptedByKind[input.kind.rawValue, default: 0] += 1
                }
            } catch {
                try save(tally)
                FileHandle.standardError.write(Data("input \(number): \(error)\n".utf8))
                exit(Self.assertion)
            }
            watch.end()
            let taken = Double(ProcessTime.nanoseconds - began) / 1e9
            if taken > tally.worstSeconds { (tally.worstSeconds, tally.worstInput) = (taken, number) }
            tally.inputs += 1
            tally.byKind[input.kind.rawValue, default: 0] += 1
            number += 1
            tally.current = number
            if Date().timeIntervalSince(reported) > 3 {
                reported = Date()
                try save(tally)
                report(tally, rate: Double(number - first) / Date().timeIntervalSince(start))
            }
        }
        try save(tally)
    }

    private func save(_ tally: FuzzTally) throws {
        try JSONEncoder().encode(tally).write(to: URL(filePath: Self.tallyPath(folder)), options: .atomic)
    }

    private func report(_ tally: FuzzTally, rate: Double) {
        let share = Double(tally.accepted) / Double(max(1, tally.inputs)) * 100
        print(
            String(
                format: "%9d inputs  %6.0f a second  %4.1f %% accepted  slowest %.0f ms (input %d)", tally.inputs, rate, share,
                tally.worstSeconds * 1e3, tally.worstInput))
        fflush(nil)
    }

    /// Tries the input in a file, whose ending is its kind.
    static func replay(_ path: String) throws {
        let kind = FuzzInput.Kind(rawValue: URL(filePath: path).pathExtension) ?? .bytes
        let text = String(decoding: try Data(contentsOf: URL(filePath: path)), as: UTF8.self)
        let watch = Watchdog()
        watch.begin(kind)
        do {
            let isAccepted = try FuzzChecks(measuresMemory: true).run(FuzzInput(kind: kind, text: text))
            print(isAccepted ? "accepted" : "refused with diagnostics")
        } catch {
            print(error)
            exit(assertion)
        }
    }
}

/// The processor time that this process has used: on a busy machine the clock runs on without it.
enum ProcessTime {
    static var nanoseconds: UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}

/// Ends the process when an input takes too long, or too much memory.
final class Watchdog: Sendable {
    /// When the current input began, in nanoseconds of the monotonic clock; 0 between inputs.
    private let began = Atomic<UInt64>(0)
    /// The processor time at that moment.
    private let beganUsed = Atomic<UInt64>(0)
    private let isRoad = Atomic<Bool>(false)

    init() {
        let thread = Thread { [self] in
            while true {
                Thread.sleep(forTimeInterval: 0.2)
                let start = began.load(ordering: .acquiring)
                guard start > 0 else { continue }
                if Self.residentBytes > Worker.mostMemory { _exit(Worker.memory) }
                // The next input may begin between the two.
                let used = (Double(ProcessTime.nanoseconds) - Double(beganUsed.load(ordering: .relaxed))) / 1e9
                let taken = Double(DispatchTime.now().uptimeNanoseconds - start) / 1e9
                let factor = isRoad.load(ordering: .relaxed) ? Worker.roadFactor : 1
                if used > Worker.patience * factor || taken > Worker.patienceByClock * factor { _exit(Worker.hang) }
            }
        }
        thread.start()
    }

    /// What the process has in memory; 0 where the system does not tell.
    private static var residentBytes: Int {
        let pages = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8))?.split(separator: " ").dropFirst().first
        return (pages.flatMap { Int($0) } ?? 0) * Int(sysconf(Int32(_SC_PAGESIZE)))
    }

    func begin(_ kind: FuzzInput.Kind) {
        isRoad.store(kind == .roads, ordering: .relaxed)
        beganUsed.store(ProcessTime.nanoseconds, ordering: .relaxed)
        began.store(DispatchTime.now().uptimeNanoseconds, ordering: .releasing)
    }

    func end() { began.store(0, ordering: .relaxed) }
}
