import Foundation
internal import CCrypto

/// SHA-256 digests (FIPS 180-4), fed piece by piece.
public struct SHA256: ~Copyable {
    private let context: OpaquePointer

    public init() {
        guard let made = EVP_MD_CTX_new(), EVP_DigestInit_ex(made, EVP_sha256(), nil) == 1 else {
            preconditionFailure("libcrypto has no SHA-256")
        }
        context = made
    }

    deinit { EVP_MD_CTX_free(context) }

    /// Appends `bytes` to the digested text.
    public func update(_ bytes: some ContiguousBytes) {
        bytes.withUnsafeBytes { precondition(EVP_DigestUpdate(context, $0.baseAddress, $0.count) == 1, "SHA-256 failed") }
    }

    /// Returns the digest of everything appended as 64 lower-case hexadecimal digits; nothing can be appended afterwards.
    func hexadecimalDigits() -> String { Self.hexadecimal(digest: final()) }

    /// Returns the digest of everything appended, as 32 bytes.
    public consuming func finish() -> [UInt8] { final() }

    private func final() -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: 64) { buffer, count in
            var size: UInt32 = 0
            precondition(EVP_DigestFinal_ex(context, buffer.baseAddress, &size) == 1, "SHA-256 failed")
            count = Int(size)
        }
    }

    /// Returns the digest of `bytes`, as 32 bytes.
    public static func digest(_ bytes: some ContiguousBytes) -> [UInt8] {
        let digest = SHA256()
        digest.update(bytes)
        return digest.finish()
    }

    /// Returns the digest of `bytes` as 64 lower-case hexadecimal digits.
    public static func hexadecimal(_ bytes: some ContiguousBytes) -> String { hexadecimal(digest: digest(bytes)) }

    /// Returns the digest of a file's content as 64 lower-case hexadecimal digits; reads it in pieces of 1 MiB.
    public static func hexadecimal(file path: String) throws(InterchangeError) -> String {
        _ = try InputFile.size(path)
        let unreadable = { InterchangeError(path, "the file cannot be read (\(lastSystemError()))", repair: "check its permissions") }
        guard let file = FileHandle(forReadingAtPath: path) else { throw unreadable() }
        let digest = SHA256()
        while true {
            guard let piece = try? file.read(upToCount: 1 << 20) ?? Data() else { throw unreadable() }
            if piece.isEmpty { return hexadecimal(digest: digest.finish()) }
            digest.update(piece)
        }
    }

    /// Returns a digest as 64 lower-case hexadecimal digits.
    public static func hexadecimal(digest: [UInt8]) -> String {
        digest.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
    }
}
