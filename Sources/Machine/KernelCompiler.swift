import Foundation
import LoopNest
import Synchronization

/// Compiles the kernels of a program: each different one once, in parallel, taking from the cache what is there.
public struct KernelCompiler: Sendable {
    public let target: Target
    public let cache: ObjectCache?
    /// The number of threads that generate code.
    public let threads: Int

    public init(target: Target, cache: ObjectCache? = .standard, threads: Int? = nil) {
        self.target = target
        self.cache = cache
        self.threads = max(1, threads ?? target.cores)
    }

    /// Compiles and loads `kernels`, which must be for this machine.
    ///
    /// - Throws: `MachineError`.
    public func compile(_ kernels: [Kernel]) throws -> CompiledProgram {
        try target.requireUnits(of: kernels)
        let clock = ContinuousClock()
        var statistics = CompiledProgram.Statistics()
        var fingerprints: [KernelFingerprint] = []
        var unique: [KernelFingerprint: Int] = [:]
        var kernelOfUnique: [Int] = []
        statistics.fingerprintSeconds = seconds(clock) {
            fingerprints = kernels.map { KernelFingerprint($0, target: target) }
            for (index, fingerprint) in fingerprints.enumerated() where unique[fingerprint] == nil {
                unique[fingerprint] = kernelOfUnique.count
                kernelOfUnique.append(index)
            }
        }
        var objects: [[UInt8]?] = []
        statistics.readSeconds = seconds(clock) {
            objects = kernelOfUnique.map { index in cache.flatMap { $0.read(fingerprints[index]) } }
        }
        statistics.kernels = kernels.count
        statistics.unique = kernelOfUnique.count
        let missing = objects.indices.filter { objects[$0] == nil }
        statistics.cached = objects.count - missing.count
        try statistics.generateSeconds = seconds(clock) {
            // The longest first, so that no thread is left with one at the end.
            let order = missing.map { ($0, kernels[kernelOfUnique[$0]].statementCount) }.sorted { $0.1 > $1.1 }.map(\.0)
            let made = try generate(order.map { (kernels[kernelOfUnique[$0]], fingerprints[kernelOfUnique[$0]]) })
            for (index, object) in zip(order, made) { objects[index] = object }
            if !made.isEmpty { cache?.trim() }
        }
        var entries: [KernelEntry] = []
        let started = clock.now
        let linker = try Linker()
        for (object, index) in zip(objects, kernelOfUnique) {
            guard let object else { preconditionFailure("every kernel has an object file now") }
            statistics.objectBytes += object.count
            try linker.add(object, name: fingerprints[index].symbol)
        }
        let loaded = try kernelOfUnique.map { try linker.entry(fingerprints[$0].symbol) }
        if CodeMap.isWanted {
            try CodeMap.append(
                zip(zip(objects, loaded), kernelOfUnique).map { code, index in
                    try CodeMap.stretch(
                        of: code.0 ?? [], entry: UInt(bitPattern: unsafeBitCast(code.1, to: Int.self)), symbol: fingerprints[index].symbol,
                        name: kernels[index].name)
                })
        }
        for fingerprint in fingerprints {
            guard let position = unique[fingerprint] else { preconditionFailure("every fingerprint was entered above") }
            entries.append(loaded[position])
        }
        statistics.linkSeconds = (clock.now - started) / .seconds(1)
        return CompiledProgram(entries: entries, statistics: statistics, linker: linker)
    }

    /// Gives memory that is only needed to compile back to the system: what is called before weights take theirs. Compiling goes on
    /// working, at the price of a few milliseconds once.
    public static func releaseMemory() { LLVM.releaseMemory() }

    private func seconds(_ clock: ContinuousClock, _ work: () throws -> Void) rethrows -> Double {
        try clock.measure(work) / .seconds(1)
    }

    /// The object files of `jobs`, in their order.
    func generate(_ jobs: [(Kernel, KernelFingerprint)]) throws -> [[UInt8]] {
        if jobs.isEmpty { return [] }
        let next = Atomic(0)
        let results = Mutex<[Result<[UInt8], any Error>?]>(Array(repeating: nil, count: jobs.count))
        let work: @Sendable () -> Void = { [cache, target] in
            var position = next.add(1, ordering: .relaxed).oldValue
            do {
                let generator = try CodeGenerator(for: target)
                while position < jobs.count {
                    let (kernel, fingerprint) = jobs[position]
                    let object = try generator.object([(kernel, fingerprint.symbol)])
                    cache?.write(object, for: fingerprint)
                    results.withLock { [position] in $0[position] = .success(object) }
                    position = next.add(1, ordering: .relaxed).oldValue
                }
            } catch {
                // The counter runs out, so that the other threads stop soon.
                next.store(jobs.count, ordering: .relaxed)
                results.withLock { [position] in if position < jobs.count { $0[position] = .failure(error) } }
            }
        }
        runInParallel(min(threads, jobs.count), work)
        let finished = results.withLock { $0 }
        for case .failure(let error)? in finished { throw error }
        return try finished.map { result in
            guard let result else { preconditionFailure("a kernel was not compiled though none failed") }
            return try result.get()
        }
    }
}

/// Runs `work` on `count` threads, this one among them; the others get the deep stack that instruction selection may need.
private func runInParallel(_ count: Int, _ work: @escaping @Sendable () -> Void) {
    let finished = DispatchGroup()
    for _ in 1..<max(1, count) {
        finished.enter()
        let thread = Thread {
            work()
            finished.leave()
        }
        thread.stackSize = 64 << 20
        thread.start()
    }
    work()
    finished.wait()
}

extension Kernel {
    /// The number of statements, those of loops counted as often as they are written out.
    var statementCount: Int { body.reduce(0) { $0 + $1.count } }
}

extension Statement {
    fileprivate var count: Int {
        switch self {
        case .loop(let loop): 1 + loop.unroll * loop.body.reduce(0) { $0 + $1.count }
        case .when(_, _, let body): 1 + body.reduce(0) { $0 + $1.count }
        default: 1
        }
    }
}
