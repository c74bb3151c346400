import Foundation
import Graph
import Interchange
import Testing

@Suite struct AtomicFileTests {
    @Test func writesAndReplaces() throws {
        let folder = TemporaryFolder()
        try AtomicFile.write([1, 2, 3] as [UInt8], to: folder("a"))
        #expect(try InputFile.read(folder("a")) == Data([1, 2, 3]))
        try FileManager.default.createSymbolicLink(atPath: folder("link"), withDestinationPath: folder("a"))
        try AtomicFile.write(Data([4]), to: folder("link"))
        #expect(try InputFile.read(folder("a")) == Data([4]))
        #expect(folder.names == ["a", "link"])
    }

    @Test func keepsTheOldFileWhereWritingFails() throws {
        let folder = TemporaryFolder()
        try AtomicFile.write([1] as [UInt8], to: folder("a"))
        checkFailure("stop") {
            try AtomicFile.write(to: folder("a")) { (output) throws(InterchangeError) in
                try output.write([2, 3] as [UInt8])
                throw InterchangeError("a", "stop", repair: "none")
            }
        }
        #expect(try InputFile.read(folder("a")) == Data([1]))
        #expect(folder.names == ["a"])
        checkFailure("make its folder first") { try AtomicFile.write([1] as [UInt8], to: folder("none/a")) }
        checkFailure("this is a folder") { try AtomicFile.write([1] as [UInt8], to: folder.path) }
    }

    /// What killed processes left is removed by whoever writes next into the folder; what may still be written to stays.
    @Test func removesWhatKilledProcessesLeft() throws {
        let folder = TemporaryFolder()
        // A name of 255 bytes is the longest there is; the temporary's must not be longer.
        let long = String(repeating: "n", count: 255)
        var own: [String] = []
        try AtomicFile.write(to: folder(long)) { (output) throws(InterchangeError) in own = folder.names }
        #expect(own.count == 1 && own[0].hasPrefix(".braid-") && folder.names == [long])
        let system = try #require(own.first?.split(separator: "-")[1])
        unlink(folder(long))

        func leave(_ name: String, days: Int) {
            #expect(FileManager.default.createFile(atPath: folder(name), contents: Data([1])))
            var times = [
                timeval(tv_sec: time(nil) - days * 86_400 - 60, tv_usec: 0), timeval(tv_sec: time(nil) - days * 86_400 - 60, tv_usec: 0),
            ]
            utimes(folder(name), &times)
        }
        leave(".braid-\(system)-dead.tmp", days: 0)
        leave(".braid-\(system)-living.tmp", days: 0)
        leave(".braid-\(system)-slow.tmp", days: 2)
        leave(".braid-00000000-elsewhere.tmp", days: 0)
        leave(".braid-00000000-old.tmp", days: 1)
        // So earlier versions named them, after their target.
        leave(".a.1cjs08nf58uqy.tmp", days: 1)
        leave(".a.jb6ba849ipzz.tmp", days: 0)
        leave(".b.jb6ba849ipzz.tmp", days: 1)
        let foreign = [
            ".braid-notes.tmp", ".braid-\(system)-A.tmp", ".braid-\(system).tmp", ".a.B.tmp", "braid-\(system)-x.tmp", ".a..tmp",
        ]
        for name in foreign { leave(name, days: 9) }
        try FileManager.default.createDirectory(atPath: folder(".braid-\(system)-folder.tmp"), withIntermediateDirectories: true)
        let writers = [".braid-\(system)-living.tmp", ".braid-\(system)-slow.tmp"].map { open(folder($0), O_RDONLY) }
        for writer in writers { #expect(flock(writer, LOCK_EX) == 0) }
        try AtomicFile.write([1] as [UInt8], to: folder("a"))
        let left =
            foreign + [
                ".a.jb6ba849ipzz.tmp", ".b.jb6ba849ipzz.tmp", ".braid-00000000-elsewhere.tmp", ".braid-\(system)-folder.tmp",
                ".braid-\(system)-living.tmp", ".braid-\(system)-slow.tmp", "a",
            ]
        #expect(folder.names == left.sorted())
        writers.forEach { close($0) }
        try AtomicFile.write([1] as [UInt8], to: folder("a"))
        #expect(folder.names == left.filter { !$0.hasSuffix("living.tmp") && !$0.hasSuffix("slow.tmp") }.sorted())
    }

    /// Many writers to one folder at a time never take each other's temporaries.
    @Test func writersLeaveEachOtherAlone() throws {
        let folder = TemporaryFolder()
        let path = folder.path
        DispatchQueue.concurrentPerform(iterations: 8) { writer in
            for round in 0..<20 {
                do throws(InterchangeError) {
                    try AtomicFile.write([UInt8(writer), UInt8(round)], to: "\(path)/\(writer % 4)")
                } catch {
                    Issue.record("\(error)")
                }
            }
        }
        #expect(folder.names == ["0", "1", "2", "3"])
    }

    @Test func writesToDevices() throws { try AtomicFile.write([1] as [UInt8], to: "/dev/null") }

    @Test func boundsWhatItReads() throws {
        let folder = TemporaryFolder()
        try AtomicFile.write([UInt8](repeating: 0, count: 11), to: folder("a"))
        checkFailure("the file has 11 bytes, more than the 10 allowed here") { _ = try InputFile.read(folder("a"), maximum: 10) }
    }

    @Test func digests() throws {
        // The first examples of FIPS 180-4.
        #expect(SHA256.hexadecimal(Data("abc".utf8)) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(SHA256.hexadecimal(Data()) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        let folder = TemporaryFolder()
        let bytes = [UInt8](repeating: 7, count: 3 << 20)
        try AtomicFile.write(bytes, to: folder("a"))
        #expect(try SHA256.hexadecimal(file: folder("a")) == SHA256.hexadecimal(bytes))
        checkFailure("there is no such file") { _ = try SHA256.hexadecimal(file: folder("b")) }
    }
}

@Suite struct HostTensorTests {
    @Test func convertsEveryElementType() {
        func floats(_ element: StoredElement, _ bytes: [UInt8]) -> [Float] {
            HostTensor(element: element, shape: [bytes.count / element.size], bytes: bytes).floats
        }
        #expect(floats(.f64, [0, 0, 0, 0, 0, 0, 0xf8, 0xbf]) == [-1.5])
        #expect(floats(.bf16, [0xc0, 0xbf]) == [-1.5])
        #expect(floats(.f16, [0, 0xbe, 1, 0x80, 0xff, 0x7b]) == [-1.5, -0x1p-24, 65504])
        #expect(floats(.f16, [1, 0x7e])[0].isNaN)
        #expect(floats(.i8, [255, 1]) == [-1, 1])
        #expect(floats(.u16, [255, 255]) == [65535])
        #expect(floats(.i64, [254, 255, 255, 255, 255, 255, 255, 255]) == [-2])
        #expect(HostTensor(element: .u64, shape: [1], bytes: [UInt8](repeating: 255, count: 8)).integers == nil)
        #expect(HostTensor(shape: [2], int32s: [-7, 7]).integers == [-7, 7])
        #expect(HostTensor(shape: [1], floats: [0.1]).doubles == [Double(Float(0.1))])
    }

    @Test func widensEveryHalf() {
        // Every finite binary16 is (fraction) x 2^(exponent - 25), or a subnormal.
        for bits in UInt16(0)..<0x7c00 {
            let exponent = Int(bits >> 10), fraction = Double(bits & 0x3ff)
            let expected =
                exponent == 0 ? fraction * 0x1p-24 : (1024 + fraction) * Double(sign: .plus, exponent: exponent - 25, significand: 1)
            let tensor = HostTensor(
                element: .f16, shape: [2], bytes: [UInt8(bits & 255), UInt8(bits >> 8), UInt8(bits & 255), UInt8(bits >> 8) | 0x80])
            #expect(tensor.floats == [Float(expected), -Float(expected)])
        }
    }
}
