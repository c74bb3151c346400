import Dispatch
import Foundation

/// The largest error of a function's machine code.
public struct Accuracy: Hashable, Sendable {
    /// Results below this size are measured by their absolute error: 2^-118, so far above the smallest normal number that a denormal factor
    /// of a product does not count.
    public static let small = 0x1p-118

    /// In units of the last place of the true result, where that is not small.
    public var error = 0.0
    public var argument: Float = 0
    /// In units of 2^-141, the last place of the largest small result, where the result is small.
    public var smallError = 0.0
    public var smallArgument: Float = 0

    mutating func add(_ observed: Float, _ exact: Double, at argument: Float) {
        let nearest = Float(exact)
        if observed == nearest || (observed.isNaN && exact.isNaN) { return }
        // What overflows counts as the first number that f32 has no room for.
        let seen = observed.isInfinite ? (observed < 0 ? -0x1p128 : 0x1p128) : Double(observed)
        let wanted = nearest.isInfinite && exact.isInfinite ? (exact < 0 ? -0x1p128 : 0x1p128) : exact
        let distance = abs(seen - wanted)
        let unit = nearest.isFinite ? Double(nearest.ulp) : 0x1p104
        if abs(exact) < Self.small, distance < 0x1p-118 {
            if distance * 0x1p141 > smallError { (smallError, smallArgument) = (distance * 0x1p141, argument) }
        } else if !(distance / unit <= error) {
            (error, self.argument) = (distance.isNaN ? .infinity : distance / unit, argument)
        }
    }

    mutating func merge(_ other: Accuracy) {
        // Of equal errors the one of the first bit pattern, whichever thread found it.
        if (other.error, argument.bitPattern) > (error, other.argument.bitPattern) {
            (error, argument) = (other.error, other.argument)
        }
        if (other.smallError, smallArgument.bitPattern) > (smallError, other.smallArgument.bitPattern) {
            (smallError, smallArgument) = (other.smallError, other.smallArgument)
        }
    }
}

/// Which arguments are tried.
public enum Arguments: Sendable {
    /// All 2^32 values of f32.
    case all
    /// Some hundred of each power of two, and all near the ends of powers of two and the places where formulas change: 700,000.
    case some

    private static let places: [Float] = [
        0.625, 0.93, 3.95, 6, 9.1, 10.5, 14.6, 17.328, 18, 20, 88.3763, 88.7228, 89, 87.3366, 100, 103.9721, 104, 200, 1.278465, 0.751792,
        1.1924, 1.5, 3, 0.5, 1, 2, 36.04, 16.6355,
    ]

    /// The number of arguments that are tried at a time.
    public static let chunk = 1 << 18

    var chunks: Int {
        switch self {
        case .all: 1 << 14
        case .some: Self.chosen.count
        }
    }

    func fill(_ buffer: UnsafeMutablePointer<Float>, _ chunk: Int) {
        switch self {
        case .all: for index in 0..<Self.chunk { buffer[index] = Float(bitPattern: UInt32(chunk * Self.chunk + index)) }
        case .some: for index in 0..<Self.chunk { buffer[index] = Self.chosen[chunk][index] }
        }
    }

    private static let chosen: [[Float]] = {
        var patterns: [UInt32] = []
        for power in 0..<UInt32(512) {
            let first = power << 23
            for step in 0..<UInt32(1024) { patterns.append(first + step * 8192 + (step &* 1_640_531_527) % 8192) }
            for step in 0..<UInt32(64) { patterns += [first + step, first + 0x7f_ffff - step] }
        }
        for place in places {
            for step in UInt32(0)..<2048 {
                let pattern = place.bitPattern + step - 1024
                patterns += [pattern, pattern | 0x8000_0000]
            }
        }
        while patterns.count % chunk != 0 { patterns.append(0) }
        return stride(from: 0, to: patterns.count, by: chunk).map { start in
            patterns[start..<start + chunk].map { Float(bitPattern: $0) }
        }
    }()
}

/// Computes a function and its derivative of `Arguments.chunk` numbers: what is measured.
public typealias FunctionCode =
    @Sendable (_ input: UnsafeMutablePointer<Float>, _ value: UnsafeMutablePointer<Float>, _ derivative: UnsafeMutablePointer<Float>) ->
    Void

extension TrueFunction {
    /// Compares each of `codes` with this function, on all processors.
    public func measure(_ codes: [FunctionCode], over arguments: Arguments) -> [(value: Accuracy, derivative: Accuracy)] {
        let results = Results(codes.count)
        let workers = ProcessInfo.processInfo.activeProcessorCount
        DispatchQueue.concurrentPerform(iterations: workers) { worker in
            let buffers = (0..<2 * codes.count + 1).map { _ in UnsafeMutablePointer<Float>.allocate(capacity: Arguments.chunk) }
            defer { buffers.forEach { $0.deallocate() } }
            var found = [(value: Accuracy, derivative: Accuracy)](repeating: (Accuracy(), Accuracy()), count: codes.count)
            for chunk in stride(from: worker, to: arguments.chunks, by: workers) {
                arguments.fill(buffers[0], chunk)
                for (index, code) in codes.enumerated() { code(buffers[0], buffers[1 + 2 * index], buffers[2 + 2 * index]) }
                for place in 0..<Arguments.chunk {
                    let argument = buffers[0][place]
                    let exact = value(Double(argument))
                    for index in codes.indices { found[index].value.add(buffers[1 + 2 * index][place], exact, at: argument) }
                    guard let derivative else { continue }
                    let slope = derivative(Double(argument))
                    for index in codes.indices { found[index].derivative.add(buffers[2 + 2 * index][place], slope, at: argument) }
                }
            }
            results.merge(found)
        }
        return results.all
    }
}

/// What the workers found; guarded by its lock.
private final class Results: @unchecked Sendable {
    private let lock = NSLock()
    private(set) var all: [(value: Accuracy, derivative: Accuracy)]

    init(_ count: Int) { all = Array(repeating: (Accuracy(), Accuracy()), count: count) }

    func merge(_ found: [(value: Accuracy, derivative: Accuracy)]) {
        lock.withLock {
            for index in all.indices {
                all[index].value.merge(found[index].value)
                all[index].derivative.merge(found[index].derivative)
            }
        }
    }
}
