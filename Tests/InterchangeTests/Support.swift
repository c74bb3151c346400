import Foundation
import Interchange
import Testing

extension Data {
    /// The bytes of a file of `Reference`.
    init(reference text: String) { self = Data(base64Encoded: text, options: .ignoreUnknownCharacters)! }
}

/// A folder of its own for one test, removed at its end.
final class TemporaryFolder {
    let path: String

    init() {
        path = NSTemporaryDirectory() + "/braid-interchange-\(UUID().uuidString)"
        try! FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func callAsFunction(_ name: String) -> String { "\(path)/\(name)" }

    var names: [String] { (try? FileManager.default.contentsOfDirectory(atPath: path))?.sorted() ?? [] }
}

/// The real data beside the package; tests that need them are skipped where they are absent.
enum SharedData {
    static let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../../../shared/data").standardizedFileURL.path
    static let isPresent = FileManager.default.fileExists(atPath: path)
    static let whyNot: Comment = "../shared/data is not there"
}

/// Checks that `body` throws an error whose description holds `fragment`.
func checkFailure(_ fragment: String, sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> Void) {
    do {
        try body()
        Issue.record("nothing was thrown; expected: \(fragment)", sourceLocation: sourceLocation)
    } catch {
        #expect("\(error)".contains(fragment), sourceLocation: sourceLocation)
    }
}

/// Checks that a reader survives every truncation and many random changes of a good file: it returns or throws, never traps.
/// Returns how many of the damaged files it refused.
@discardableResult
func checkSurvivesDamage(_ good: Data, changes: Int = 1500, _ read: (Data) throws -> Void) -> Int {
    var refused = 0
    func attempt(_ bytes: Data) {
        do { try read(bytes) } catch { refused += 1 }
    }
    for length in stride(from: 0, to: good.count, by: max(1, good.count / 400)) { attempt(good.prefix(length)) }
    var random = TestGenerator(state: UInt64(good.count))
    for _ in 0..<changes {
        var bytes = good
        for _ in 0...Int.random(in: 0..<4, using: &random) {
            let place = Int.random(in: 0..<bytes.count, using: &random)
            switch Int.random(in: 0..<4, using: &random) {
            case 0: bytes[place] = UInt8.random(in: .min ... .max, using: &random)
            case 1: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            case 2: bytes[place] = [0, 0x7f, 0x80, 0xff].randomElement(using: &random)!
            default: bytes.insert(UInt8.random(in: .min ... .max, using: &random), at: place)
            }
        }
        attempt(bytes)
    }
    return refused
}

/// SplitMix64, so that a failure repeats.
struct TestGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var bits = state
        bits = (bits ^ bits >> 30) &* 0xbf58_476d_1ce4_e5b9
        bits = (bits ^ bits >> 27) &* 0x94d0_49bb_1331_11eb
        return bits ^ bits >> 31
    }
}
