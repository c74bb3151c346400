import Foundation
import LoopNest
import Machine

/// Machine code of AArch64 in tests on other processors: linked with a few lines of C, and run by QEMU where that is installed.
///
/// It needs `qemu-aarch64` (Debian's `qemu-user`), and the `clang` and `ld.lld` that come with Swift; no library or compiler of AArch64.
public enum Emulator {
    /// Whether everything is there.
    public static let runsAArch64 = emulator != nil && clang != nil && program(named: "ld.lld") != nil

    private static let emulator = program(named: "qemu-aarch64")
    private static let clang = program(named: "clang")

    private static func program(named name: String) -> URL? {
        (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map { URL(filePath: String($0)).appending(path: name) }
            .first { FileManager.default.isExecutableFile(atPath: $0.path) }
    }

    public struct Failure: Error, CustomStringConvertible {
        public let description: String
    }

    /// Compiles `kernel` for `target`, of AArch64, and runs all of its tasks on copies of `arrays`, whose scratch begins as NaNs.
    public static func run(_ kernel: Kernel, _ arrays: [KernelArray], on target: Target) throws -> [KernelArray] {
        guard let emulator, let clang else { throw Failure(description: "there is no emulator: ask `runsAArch64` first") }
        let folder = FileManager.default.temporaryDirectory.appending(path: "braid-emulator-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let (object, source, program) = (folder.appending(path: "k.o"), folder.appending(path: "main.c"), folder.appending(path: "main"))
        try Data(CodeGenerator(for: target).object([(kernel, "kernel")])).write(to: object)
        let bytes = arrays.map { array in array.withUnsafeBytes { Data($0) } }
        try text(kernel, sizes: bytes.map(\.count)).write(to: source, atomically: true, encoding: .utf8)
        _ = try run(
            clang,
            [
                "--target=aarch64-unknown-linux-gnu", "-O1", "-ffreestanding", "-fno-stack-protector", "-nostdlib", "-static",
                "-fuse-ld=lld",
                source.path, object.path, "-o", program.path,
            ], in: folder, input: Data())
        var rest = try run(emulator, ["-cpu", "max", program.path], in: folder, input: bytes.reduce(Data(), +))
        guard rest.count == bytes.reduce(0, { $0 + $1.count }) else { throw Failure(description: "the program wrote \(rest.count) bytes") }
        return zip(arrays, bytes).map { array, bytes in
            let part = rest.prefix(bytes.count)
            rest = rest.dropFirst(bytes.count)
            // Aligned, as elements are.
            let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: max(4, bytes.count), alignment: 64)
            defer { copy.deallocate() }
            copy.copyBytes(from: part)
            return KernelArray(array.element, bytes: UnsafeRawBufferPointer(rebasing: copy[..<bytes.count]))
        }
    }

    /// A program that reads all arrays from standard input, calls the kernel, and writes them to standard output.
    private static func text(_ kernel: Kernel, sizes: [Int]) -> String {
        let scratch = max(64, kernel.scratchBytes)
        let arrays = sizes.enumerated().map { "static char array\($0)[\(max(64, $1))] __attribute__((aligned(64)));" }
        let table = sizes.indices.map { "array\($0)" }.joined(separator: ", ")
        return """
            typedef unsigned long size;
            void *memcpy(void *to, const void *from, size n) { for (size i = 0; i < n; i++) ((char *)to)[i] = ((const char *)from)[i]; return to; }
            void *memset(void *to, int c, size n) { for (size i = 0; i < n; i++) ((volatile char *)to)[i] = c; return to; }
            extern void kernel(void **buffers, void *scratch, long first, long end);
            \(arrays.joined(separator: "\n"))
            static char scratch[\(scratch)] __attribute__((aligned(64)));
            static size sizes[] = {\(sizes.map(String.init).joined(separator: ", "))};
            static void *buffers[] = {\(table)};

            static long call(long number, long a, long b, long c) {
                register long x8 __asm__("x8") = number, x0 __asm__("x0") = a, x1 __asm__("x1") = b, x2 __asm__("x2") = c;
                __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");
                return x0;
            }

            static void move(long number, long file) {
                for (size i = 0; i < \(sizes.count); i++)
                    for (size done = 0; done < sizes[i];) {
                        long n = call(number, file, (long)buffers[i] + done, sizes[i] - done);
                        if (n <= 0) call(93, 1, 0, 0);
                        done += n;
                    }
            }

            void _start(void) {
                move(63, 0);
                memset(scratch, 0xff, \(scratch));
                kernel(buffers, scratch, 0, \(kernel.taskCount));
                move(64, 1);
                call(93, 0, 0, 0);
            }

            """
    }

    private static func run(_ program: URL, _ arguments: [String], in folder: URL, input: Data) throws -> Data {
        let file = folder.appending(path: "input")
        try input.write(to: file)
        let process = Process()
        process.executableURL = program
        process.arguments = arguments
        process.standardInput = try FileHandle(forReadingFrom: file)
        let (output, errors) = (Pipe(), folder.appending(path: "errors"))
        try Data().write(to: errors)
        process.standardOutput = output
        process.standardError = try FileHandle(forWritingTo: errors)
        try process.run()
        let result = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            let message = (try? String(contentsOf: errors, encoding: .utf8)) ?? ""
            throw Failure(description: "\(program.lastPathComponent) ended with \(process.terminationStatus): \(message)")
        }
        return result
    }
}
