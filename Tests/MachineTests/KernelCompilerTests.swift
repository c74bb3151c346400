import Foundation
import Graph
import LoopNest
import Synchronization
import Testing

@testable import Machine

/// Compilation of whole programs: sharing, the cache on disk, other targets.
@Suite struct KernelCompilerTests {
    /// Adds `number` to a buffer.
    private func adding(_ number: Double, name: String = "add", tasks: Int = 2) -> Kernel {
        let lanes = Target.host.lanes
        let builder = KernelBuilder(name: name, lanes: lanes, taskCount: tasks)
        let buffer = builder.parameter("x", count: tasks * lanes, .readWrite)
        let at = builder.task * lanes
        builder.store(buffer, at, builder.binary(.add, builder.load(buffer, at), builder.constant(number)))
        return builder.finish()
    }

    private func values(_ program: CompiledProgram, _ index: Int, _ kernel: Kernel) -> [Float] {
        run(program.entries[index], kernel, [.f32(Array(repeating: 1, count: kernel.parameters[0].count))])[0].floats
    }

    /// Runs `body` with a fresh folder for a cache.
    private func withCache(_ body: (ObjectCache) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "braid-cache-\(UUID().uuidString)", directoryHint: .isDirectory)
        defer { try? FileManager.default.removeItem(at: folder) }
        try body(ObjectCache(directory: folder))
    }

    /// What lies in a cache's folder, but for the file that marks it as a cache.
    private func names(_ cache: ObjectCache) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: cache.directory.path).filter { $0 != "CACHEDIR.TAG" }
    }

    @Test func equalKernelsShareCode() throws {
        let kernels = [adding(1), adding(2), adding(1, name: "other"), adding(1, tasks: 5)]
        let program = try KernelCompiler(target: .host, cache: nil).compile(kernels)
        #expect(program.statistics.unique == 2)
        for (index, (kernel, sum)) in zip(kernels, [2, 3, 2, 2] as [Float]).enumerated() {
            #expect(values(program, index, kernel).allSatisfy { $0 == sum })
        }
    }

    @Test func manyKernelsCompileInParallel() throws {
        let kernels = (0..<40).map { adding(Double($0)) }
        let program = try KernelCompiler(target: .host, cache: nil, threads: 4).compile(kernels)
        for (index, kernel) in kernels.enumerated() { #expect(values(program, index, kernel).allSatisfy { $0 == Float(index + 1) }) }
    }

    @Test func compilesAfterItsMemoryWasGivenBack() throws {
        let compiler = KernelCompiler(target: .host, cache: nil)
        let kernels = [adding(1), adding(2)]
        let first = try compiler.compile([kernels[0]])
        KernelCompiler.releaseMemory()
        #expect(values(first, 0, kernels[0]).allSatisfy { $0 == 2 })
        #expect(values(try compiler.compile([kernels[1]]), 0, kernels[1]).allSatisfy { $0 == 3 })
    }

    @Test func cacheKeepsObjects() throws {
        try withCache { cache in
            let compiler = KernelCompiler(target: .host, cache: cache)
            let kernels = [adding(1), adding(2)]
            #expect(try compiler.compile(kernels).statistics.cached == 0)
            let warm = try compiler.compile(kernels + [adding(3)])
            #expect(warm.statistics.cached == 2)
            #expect(values(warm, 1, kernels[1]).allSatisfy { $0 == 3 })
            #expect(try names(cache).count == 3)
        }
    }

    @Test(arguments: ["truncated", "altered", "lengthened", "empty", "foreign", "unreadable"])
    func damagedEntriesAreRebuilt(damage: String) throws {
        try withCache { cache in
            let compiler = KernelCompiler(target: .host, cache: cache)
            let kernel = adding(1)
            _ = try compiler.compile([kernel])
            let name = try #require(try names(cache).first)
            let file = cache.directory.appending(path: name)
            var bytes = [UInt8](try Data(contentsOf: file))
            switch damage {
            case "truncated": bytes.removeLast(bytes.count / 2)
            case "altered": bytes[bytes.count / 2] ^= 1
            case "lengthened": bytes.append(0)
            case "empty": bytes = []
            case "foreign": bytes = Array("#!/bin/sh\n".utf8)
            default: break
            }
            try FileManager.default.removeItem(at: file)
            if damage == "unreadable" {
                try FileManager.default.createDirectory(at: file, withIntermediateDirectories: false)
            } else {
                try Data(bytes).write(to: file)
            }
            let program = try compiler.compile([kernel])
            #expect(program.statistics.cached == 0)
            #expect(values(program, 0, kernel).allSatisfy { $0 == 2 })
            if damage != "unreadable" { #expect(try compiler.compile([kernel]).statistics.cached == 1) }
        }
    }

    /// An entry that is whole, but under the name of another: by a mistaken copy, or by bad intent.
    @Test func anotherKernelsEntryIsRebuilt() throws {
        try withCache { cache in
            let compiler = KernelCompiler(target: .host, cache: cache)
            let kernels = [adding(1), adding(2)]
            _ = try compiler.compile(kernels)
            let paths = kernels.map { cache.path(of: KernelFingerprint($0, target: .host)) }
            try FileManager.default.removeItem(atPath: paths[0])
            try FileManager.default.copyItem(atPath: paths[1], toPath: paths[0])
            let program = try compiler.compile(kernels)
            #expect(program.statistics.cached == 1)
            for (index, kernel) in kernels.enumerated() { #expect(values(program, index, kernel).allSatisfy { $0 == Float(index + 2) }) }
        }
    }

    @Test func otherTargetsHaveOtherEntries() throws {
        try withCache { cache in
            let kernel = adding(1)
            var other = Target.host
            other.features += ",-adx"
            for target in [other, Target.host] {
                let program = try KernelCompiler(target: target, cache: cache).compile([kernel])
                #expect(program.statistics.cached == 0)
            }
        }
    }

    /// Several users of one folder, which is trimmed and damaged meanwhile: each gets the right code, whatever it finds.
    @Test func aCacheIsShared() throws {
        try withCache { cache in
            var small = cache
            small.limit = 20_000
            let kernels = (0..<12).map { adding(Double($0)) }
            let wrong = Mutex<[String]>([])
            DispatchQueue.concurrentPerform(iterations: 4) { [small] user in
                for round in 0..<6 {
                    let mine = kernels.indices.filter { ($0 + user + round) % 3 != 0 }
                    do {
                        let program = try KernelCompiler(target: .host, cache: small, threads: 1).compile(mine.map { kernels[$0] })
                        for (place, index) in mine.enumerated()
                        where !values(program, place, kernels[index]).allSatisfy({ $0 == Float(index + 1) }) {
                            wrong.withLock { $0.append("kernel \(index) for user \(user)") }
                        }
                        let victim = small.path(of: KernelFingerprint(kernels[(user * 5 + round) % 12], target: .host))
                        if user % 2 == 0 {
                            truncate(victim, 100)
                        } else if let file = fopen(victim, "r+b") {
                            fseek(file, 60, SEEK_SET)
                            fwrite("damage", 1, 6, file)
                            fclose(file)
                        }
                    } catch {
                        wrong.withLock { $0.append("\(error) for user \(user)") }
                    }
                }
            }
            let found = wrong.withLock { $0 }
            #expect(found.isEmpty, "\(found)")
            // No temporaries are left behind.
            let names = try names(cache)
            #expect(names.allSatisfy { $0.hasSuffix(".o") })
        }
    }

    @Test func whatWasUsedStays() throws {
        try withCache { cache in
            let kernels = (0..<6).map { adding(Double($0)) }
            _ = try KernelCompiler(target: .host, cache: cache).compile(kernels)
            let paths = kernels.map { cache.path(of: KernelFingerprint($0, target: .host)) }
            for path in paths {
                try FileManager.default.setAttributes([.modificationDate: Date(timeIntervalSinceNow: -86400)], ofItemAtPath: path)
            }
            #expect(cache.read(KernelFingerprint(kernels[0], target: .host)) != nil)
            var small = cache
            small.limit = try #require(try FileManager.default.attributesOfItem(atPath: paths[0])[.size] as? Int) * 3 / 2
            small.trim()
            #expect(paths.map { FileManager.default.fileExists(atPath: $0) } == [true, false, false, false, false, false])
        }
    }

    @Test func cacheThatCannotBeWrittenIsNoError() throws {
        let compiler = KernelCompiler(target: .host, cache: ObjectCache(directory: URL(fileURLWithPath: "/proc/no/such/folder")))
        let kernel = adding(1)
        #expect(values(try compiler.compile([kernel]), 0, kernel).allSatisfy { $0 == 2 })
    }

    @Test func cacheStaysWithinItsLimit() throws {
        try withCache { cache in
            var small = cache
            small.limit = 5000
            let compiler = KernelCompiler(target: .host, cache: small)
            for number in 0..<12 { _ = try compiler.compile([adding(Double(number))]) }
            let files = try FileManager.default.contentsOfDirectory(atPath: cache.directory.path).filter { $0.hasSuffix(".o") }
            let bytes = try files.reduce(0) {
                $0 + (try cache.directory.appending(path: $1).resourceValues(forKeys: [.fileSizeKey]).fileSize ?? 0)
            }
            #expect(bytes <= 5000 && !files.isEmpty)
            #expect(cache.size == ObjectCache.Size(entries: files.count, bytes: bytes))
        }
    }

    /// Whatever others keep in the folder, under whatever names, is neither counted nor removed.
    @Test func cacheLeavesForeignFilesAlone() throws {
        try withCache { cache in
            let hexadecimal = String(repeating: "0f", count: 32)
            let foreign = [
                "mine.o", "libx.o.bak", "\(hexadecimal).o", "\(hexadecimal).o.bak", "\(hexadecimal).o.1", "\(hexadecimal).a.1.2",
                "\(hexadecimal.uppercased()).o", "\(hexadecimal)0.o", "notes.txt",
            ]
            try FileManager.default.createDirectory(at: cache.directory, withIntermediateDirectories: true)
            for name in foreign {
                let url = cache.directory.appending(path: name)
                try Data(count: 4000).write(to: url)
                try FileManager.default.setAttributes([.modificationDate: Date(timeIntervalSince1970: 1e9)], ofItemAtPath: url.path)
            }
            try FileManager.default.createSymbolicLink(
                atPath: cache.directory.path + "/\(String(repeating: "1", count: 64)).o", withDestinationPath: "mine.o")
            var small = cache
            small.limit = 5000
            let compiler = KernelCompiler(target: .host, cache: small)
            for number in 0..<4 { _ = try compiler.compile([adding(Double(number))]) }
            let left = { try FileManager.default.contentsOfDirectory(atPath: cache.directory.path) }
            #expect(try Set(left()).isSuperset(of: foreign))
            let size = cache.size
            #expect(try size.entries == left().count - foreign.count - 1)
            // An interrupted write's file is the cache's too.
            try Data().write(to: cache.directory.appending(path: "\(hexadecimal).o.123.456"))
            #expect(try cache.clear() == size)
            #expect(try left().count == foreign.count + 1 && cache.size == ObjectCache.Size())
        }
    }

    @Test(arguments: Target.presets) func everyTargetGetsAllFormats(target: Target) throws {
        let kernel = BoundedKernel.make(seed: 5, lanes: target.lanes)
        let generator = try CodeGenerator(for: target)
        let object = try generator.object([(kernel, "random")])
        #expect(Array(object[0..<4]) == [0x7f, 0x45, 0x4c, 0x46])
        #expect(try Disassembly.functions(of: object, for: target).map(\.name).sorted() == ["random", "random.task"])
        #expect(try generator.text([(kernel, "random")]).contains("define void @random("))
        #expect(try generator.assembly([(kernel, "random")]).contains("random.task:"))
    }

    /// Kept code is of one target: another one's units, or fewer of them, are other code.
    @Test func targetsHaveTheirOwnFingerprints() {
        let kernel = BoundedKernel.make(seed: 5, lanes: 16)
        let targets =
            Target.presets + Target.presets.filter { $0.tiles != nil }.map(\.withoutTiles)
            + Target.presets.filter { !$0.dotProducts.isEmpty }.map(\.withoutDotProducts)
        #expect(Set(targets.map { KernelFingerprint(kernel, target: $0) }).count == targets.count && targets.count == 12)
    }

    /// What is forbidden is forbidden to the code generator, which knows the words.
    @Test func restrictedTargetsGetCode() throws {
        let kernel = BoundedKernel.make(seed: 5, lanes: 16)
        let text = try CodeGenerator(for: .x86AMX.withoutTiles).text([(kernel, "random")])
        #expect(text.contains("-amx-tile,-amx-bf16,-amx-int8") && text.contains("+avx512vnni") && !text.contains("+amx"))
        let host = Target.host.withoutDotProducts.withoutTiles
        let program = try KernelCompiler(target: host, cache: nil, threads: 1).compile([BoundedKernel.make(seed: 5, lanes: host.lanes)])
        #expect(program.entries.count == 1)
    }

    @Test func unknownTargetIsRefused() {
        var target = Target.x86AVX2
        target.triple = "pdp11-unknown-unix"
        #expect(throws: MachineError.self) { _ = try CodeGenerator(for: target).object([]) }
    }
}
