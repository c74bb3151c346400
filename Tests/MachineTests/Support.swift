import Foundation
import Graph
import LoopNest
import Machine
import Testing

/// The targets whose code this machine can run.
let runnable: [Target] = {
    let host = Target.host
    return [host] + [.x86AVX512, .x86AVX2].filter { $0.triple.hasPrefix("x86_64") && isX86 && $0.lanes <= host.lanes }
}()

private var isX86: Bool {
    #if arch(x86_64)
        true
    #else
        false
    #endif
}

/// Compiles `kernel` for `target`, which this machine can run, and runs all of its tasks on `arrays`.
func execute(_ kernel: Kernel, _ arrays: [KernelArray], on target: Target) throws -> [KernelArray] {
    let program = try KernelCompiler(target: target, cache: nil, threads: 1).compile([kernel])
    return run(program.entries[0], kernel, arrays)
}

/// Runs all tasks of a compiled kernel on copies of `arrays`.
func run(_ entry: KernelEntry, _ kernel: Kernel, _ arrays: [KernelArray]) -> [KernelArray] {
    let copies = arrays.map { array in
        array.withUnsafeBytes { bytes in
            let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: max(4, bytes.count), alignment: 64)
            copy.copyBytes(from: bytes)
            return UnsafeMutableRawBufferPointer(rebasing: copy[..<bytes.count])
        }
    }
    defer { copies.forEach { $0.baseAddress?.deallocate() } }
    let scratch = UnsafeMutableRawPointer.allocate(byteCount: max(64, kernel.scratchBytes), alignment: 64)
    defer { scratch.deallocate() }
    memset(scratch, 0xff, max(64, kernel.scratchBytes))
    entry(copies.map(\.baseAddress), scratch, 0, kernel.taskCount)
    return zip(arrays, copies).map { KernelArray($0.element, bytes: UnsafeRawBufferPointer($1)) }
}

extension KernelArray {
    var floats: [Float] {
        guard case .f32(let values) = self else { preconditionFailure("an f32 array is meant") }
        return values
    }

    /// The bits with every NaN the same: their payloads are nobody's business.
    var comparableBits: [UInt32] {
        switch self {
        case .f32(let values): values.map { $0.isNaN ? 0x7fc0_0000 : $0.bitPattern }
        case .i32(let values): values.map { UInt32(bitPattern: $0) }
        case .bf16(let values): values.map { $0.float.isNaN ? 0x7fc0 : UInt32($0.bitPattern) }
        }
    }
}

/// Runs `kernel` compiled for `target` and interpreted, and compares all buffers bit for bit.
func check(
    _ kernel: Kernel, _ arrays: [KernelArray], on target: Target, _ comment: Comment? = nil,
    sourceLocation: SourceLocation = #_sourceLocation
) throws {
    try check(kernel, arrays, on: target, comment, sourceLocation: sourceLocation) { try execute($0, $1, on: $2) }
}

/// The same with code that is run by `execute`.
func check(
    _ kernel: Kernel, _ arrays: [KernelArray], on target: Target, _ comment: Comment? = nil,
    sourceLocation: SourceLocation = #_sourceLocation, _ execute: (Kernel, [KernelArray], Target) throws -> [KernelArray]
) throws {
    var expected = arrays
    try KernelInterpreter().run(kernel, &expected)
    let observed = try execute(kernel, arrays, target)
    for (index, (a, b)) in zip(expected, observed).enumerated() where a.comparableBits != b.comparableBits {
        let place = zip(a.comparableBits, b.comparableBits).enumerated().first { $1.0 != $1.1 }?.offset ?? 0
        Issue.record(
            """
            \(target.name): '\(kernel.parameters[index].name)'[\(place)] is \(b.numbers[place]), expected \(a.numbers[place]) \
            \(comment.map { "\($0)" } ?? "")
            """, sourceLocation: sourceLocation)
    }
}

/// Numbers of mixed sign and size that depend on the seed only.
func numbers(_ count: Int, seed: Int = 1) -> [Float] {
    (0..<count).map { Float(uniformHash(seed: UInt32(seed), stream: 7, counter: UInt32($0))) * 8 - 4 }
}

/// The distance in units of the last place of `exact`, which may lie outside f32.
func ulps(_ observed: Float, from exact: Double) -> Double {
    let nearest = Float(exact)
    if observed == nearest || (observed.isNaN && nearest.isNaN) { return 0 }
    if observed.isNaN || nearest.isNaN || observed.isInfinite || nearest.isInfinite { return .infinity }
    return abs(Double(observed) - exact) / Double(nearest.ulp)
}

/// Numbers for dot products: all bits, and those whose products and sums nearly cancel or lie beside the least normal number.
func narrowNumbers(_ count: Int, seed: Int) -> [Float] {
    (0..<count).map { place in
        var state = UInt64(seed) &* 0x9e37_79b9_7f4a_7c15 &+ UInt64(place) &* 0xbf58_476d_1ce4_e5b9
        state = (state ^ state >> 31) &* 0x94d0_49bb_1331_11eb
        let bits = UInt32(truncatingIfNeeded: state >> 32)
        return switch state % 4 {
        case 0: Float(bitPattern: bits)
        case 1: Float(bitPattern: bits & 0x8000_ffff | (120 + bits >> 16 % 8) << 23)
        case 2: Float(bitPattern: bits & 0x807f_ffff | (60 + bits >> 24 % 8) << 23)
        default: Float(bitPattern: bits & 0x8000_0003 | 0x0080_0000)
        }
    }
}
