/// Pictures of all colour types and bit depths, with chunks that speak of colour, and what they hold.
enum ReferencePictures {
    /// PNG files of 9 x 6 pixels, written by a script of zlib and struct that knew the samples: what is in them, the file, the channels, and
    /// the SHA-256 of the stored samples as 8 bits, `(v * 255 + 32895) >> 16` of those of 16. Pillow 13.0 reads all of 8 bits and less alike.
    static let png: [(what: String, file: String, channels: Int, digest: String)] = [
        (
            "grey of 1 bits, interlaced, gAMA",
            """
            iVBORw0KGgoAAAANSUhEUgAAAAkAAAAGAQAAAAFOu7n+AAAABGdBTUEAAr8g0JImnAAAABJJREFUeJxjbmBhYExgcWA5wFzAsoHxULjX
            1gAAABFJREFUAvMMpuMNTEYMTCINAFWyBpdAc9SXAAAAAElFTkSuQmCC
            """, 1, "9f43adf793d8ecf44fb240ee570115127cabb606a2524b3cbe2ce6e8f2c5b150"
        ),
        (
            "grey of 2 bits, interlaced, tRNS, gAMA, cHRM",
            """
            iVBORw0KGgoAAAANSUhEUgAAAAkAAAAGAgAAAAEJG8MuAAAABGdBTUEAAFbOGxh1KAAAACBjSFJNAAB6JgAAgIQAAPoAAACA6AAAdTAA
            AOpgAAA6mAAAF3CculE8AAAAAnRSTlMAA++anIIAAAAUSURBVHicY3JgcGCewXSBqYBlbTDjeeZ6BO5/HQAAABRJREFUhjqmLuYDLNvb
            HJh+v3IAAIdtCi2ASTmoAAAAAElFTkSuQmCC
            """, 1, "2855d08b1d97896883ec03eb45bc52fd6ec049c6cf3b2ca0c723883a6098ff26"
        ),
        (
            "grey of 4 bits, interlaced, tRNS, gAMA, iCCP",
            """
            iVBORw0KGgoAAAANSUhEUgAAAAkAAAAGBAAAAAGGWzaOAAAABGdBTUEAALGPC/xhBQAAAA9pQ0NQeAAAeJxjYBgeAAAAyAAB12ATngAA
            AAJ0Uk5TAAqWRiQmAAAAM0lEQVR4nGNOYk5gKLvAeIuJkYUxo5zhWSSL9nQm3VzGx2tE9PmY3807nbWXefuN5u3SAApPDrsXrB7+AAAA
            AElFTkSuQmCC
            """, 1, "1ea008f42cea74ab34267030a29b6461909b91602acfc7ecffe02a8a0ce4033f"
        ),
        (
            "grey of 8 bits, sRGB",
            """
            iVBORw0KGgoAAAANSUhEUgAAAAkAAAAGCAAAAAA0rOsZAAAAAXNSR0IArs4c6QAAABhJREFUeJwBPADD/wPjekaOXAhvTQ8DCB1MX2/e
            x+rWrgAAABhJREFUZqDRApKiic9wMEI6wwKFqIZmVG1tzbEA0e3jdAAAABdJREFU1Y5d+Wgngxa4AgAJh++QRmH6rdeWGYc66JtkAAAA
            AElFTkSuQmCC
            """, 1, "b5dca1cbbd8a7423c040521e96dd933f11adefa44e1faf226ba7df4d31e34a12"
        ),
        (
            "grey of 8 bits, interlaced, tRNS, gAMA",
            """
            iVBORw0KGgoAAAANSUhEUgAAAAkAAAAGCAAAAAFDq9uPAAAABGdBTUEAAAAB/CJQ2wAAAAJ0Uk5TALC98n60AAAATUlEQVR4nAFCAL3/
            AQwRABwBDZAxAEAhBJv5AsosP76wAr6nGFsAZ7RktwIFZB1UAHFY0OUbzidQTQLJ7IyjqzZIXzUE7mcb8/jNJ3FWs/MYfEOdPtAAAAAA
            SUVORK5CYII=
            """, 1, "b40f67b5530b97a0b85381ccff5ee7c10384f663ed6b2b1e1e7279328ec812e6"
        ),
        (
            "grey of 16 bits, tRNS, gAMA, cHRM",
            """
            iVBORw0KGgoAAAANSUhEUgAAAAkAAAAGEAAAAABkPDdaAAAABGdBTUEAAYagMeiWXwAAACBjSFJNAAB6JgAAgIQAAPoAAACA6AAAdTAA
            AOpgAAA6mAAAF3CculE8AAAAAnRSTlOfm+eXESEAAAB9SURBVHicAXIAjf8DTZVu47I2JadHjyRSkE1HEfIVAUkoRg05WJIRUSF9D/sc
            xVl7mgS1Z7UdmZb0JJ2Mf7IN3AaMrsEBICkEI+bxAeXe8raHVRb7JbN0AIoZGoUK7Rbohuy7A87RRN8nWgIhEENtmLVbK53kp0nV9rii
            jBNw6DGzsXetGwAAAABJRU5ErkJggg==
            """, 1, "62cb9972c9e2fa0f3244e4315fff84c411351068d00c0ddddcf8e9718a94124d"
        ),
        (
            "grey of 16 bits, interlaced, gAMA, iCCP",
            """
            iVBORw0KGgoAAAANSUhEUgAAAAkAAAAGEAAAAAETOwfMAAAABGdBTUEAAAAB/CJQ2wAAAA9pQ0NQeAAAeJxjYBgeAAAAyAAB12ATngAA
            AINJREFUeJwBeACH/wBiMolhAGZ8AwptTeb3pwFvaDrwBKKK5IwCGB9iPzZ6tncfqAPuLDxh+e2cnQAHEHyJTm346gNfD04mT+KYlgLY
            C5HCeWM4PuO0sezU5HJB+D0AxiMRM5WRWcNRSxdJ3yCcLgrHA0G9YUlTwCmpNg8C+oeZNTQv07aWMmGAlOSfAAAAAElFTkSuQmCC
            """, 1, "22b9e2e83cd8396a9f73b43cbab0d3d9fc5ba8ce3208d704a2b7298470ffc696"
        ),
        (
            "RGB of 8 bits, tRNS, sRGB",
            """
            iVBORw0KGgoAAAANSUhEUgAAAAkAAAAGCAIAAACepSOSAAAAAXNSR0IArs4c6QAAAAZ0Uk5TAMUACwDVtb+pgAAAAFpJREFUeJwBqABX
            /wIlU5EV9QBALJ0Tvg4bjwuImuzpW1YXLeSbbSEBmllweUqhUQLgru17qb8/un/GJSwT6tcjVSGlAcARiU05lbjBt9d9XjTd3lUm+qu+
            9/c/11QUtSxtsgAAAFlJREFUzwQfcXAknK3Zj8jrMiNG8ANHy/UHYvPgPvD+BBADeqwVAFQVvY5yM0PSSUDn7l2LdL43ipxx1HKhAR/w
            mz7keS6pefbrxH1aaiU+hm9OV02v4suGdDoAT7jVHi6kAAAAAElFTkSuQmCC
            """, 3, "0133adfe86c7d31df0096e837b4ddbd6c8ddbc961f866e597c18aef2f07b3415"
        ),
        (
            "RGB of 8 bits, interlaced, tRNS, gAMA",
            """
            iVBORw0KGgoAAAANSUhEUgAAAAkAAAAGCAIAAAHpohMEAAAABGdBTUEAALGPC/xhBQAAAAZ0Uk5TALkAPgCmYjGjswAAALlJREFUeJwB
            rgBR/wA+oWbvpvwEjjsLAcP2oo+VRCbV5gOrVo0KV0sATnTqIzCMASPQto7SPkJgkQCVJY/0zQLM5cf9mrmzQcw3sGwCl3diNlhH6oWg
            HAUUARqLsZ+z9dhb4jVSUgFqOWJjU7LtlM8VwaTUIrrY4rBezTEJLV4rWfAEGKsENNoevAmmwYaTuFR7MxTlFfDZK+f+T6DkAdCdTMgH
            xXc8biK0Ym42us6rmA9HxOepkhZwypVzUp2jkrvoAAAAAElFTkSuQmCC
            """, 3, "9f89f8bfb22322c1665b789293223ceb296d5010bf86b118876ad6d07fd23c2b"
        ),
        (
            "RGB of 16 bits, gAMA, cHRM",
            """
            iVBORw0KGgoAAAANSUhEUgAAAAkAAAAGEAIAAADONf/RAAAABGdBTUEAAYagMeiWXwAAACBjSFJNAAB6JgAAgIQAAPoAAACA6AAAdTAA
            AOpgAAA6mAAAF3CculE8AAABVUlEQVR4nAFKAbX+AdZ5EjDDqi0uDhwTn31/vSdPz6X9u8rLNb9PPasePTZDqB2pTq5n61IRG2vcjpJ/
            KbvZ1LibgQQ/WkGSQl2YSWTCsJ9Z+K/28jQNMflpMJ7tOccf0CxdRzRsbJQwLcw7dyhDxHNN2ELTZtx3f3MCROhhUXQjZRf1Wy7LvsSS
            P6GCfw8YJjNFW+/QIH8NDMGmTm7/QyX9Kzp/boZW0Wsig7v54EpSA7k49B/pmcrdG/bee36Xi88sq+GJVXkqklLZ3VVvm/r0nWNNA7HZ
            GMVlQupDiEX5PxnjxYAtUAIWhsdtEAZyyQjJTnJIz32acXrAlmZhKELoIZQrGCQVxefz6/fibH3l20V9Q0osR1wYrh+a+4gBHAT1WuLc
            UeesalmgxDqi3z4S8esiqsLFCBGOH569ij0d4p0YPd2VmvXWExAMqsHtBVOjx91ldJ2elOpmjnUAAAAASUVORK5CYII=
            """, 3, "a18a5030c63363dc41c25ea7c9d8f578b58aa9631cbf6bbab97c022855c6be83"
        ),
        (
            "RGB of 16 bits, interlaced, tRNS, gAMA, iCCP",
            """
            iVBORw0KGgoAAAANSUhEUgAAAAkAAAAGEAIAAAG5Ms9HAAAABGdBTUEAAr8g0JImnAAAAA9pQ0NQeAAAeJxjYBgeAAAAyAAB12ATngAA
            AAZ0Uk5TVpWTnLIQPS+XmwAAAHRJREFUeJwBUAGv/gSrXeNjx9hIyu+q9d4C4VybqG0fAOgAqn093KrWFiuSajvVjF4CGgI31BFhjUk6
            RTVr7K4DXTIoRWS9T2DeUA05AGi1BXQ5qpypVOluUSFsagVRN1Rz5JrXPOQBErhygAKcZ8iO4EkzqY7ZCgJjw0/QAAAAdElEQVS/aTMp
            UhuS4XG81aEBAW1L68zqxykGFGmbLxztgMwQ0xm7YOe6AdN21Wmpac+DeT1qygKjlbt0WYGZtDC4WAP9e1a6baKWdjBZnox9Vz1atACU
            HJ+nGPnvIYeEGSEtoM4XN4mDlHOcHji2fmDgAD0lHHweb0qSwNcAAABzSURBVNkC3C2lJL74hzcjgNA0l8vz290r2l900qCukozjoIL+
            gJlCR5kwppv91G6GaTr6cdY+x0//D296AOhrJZrHMrwU2+GO3VW4lCFcoBchFSyJHdnRlR9rUP/92voLifN3ddUfbjndkjKxrDMNK7XL
            dAHjn6SjW3swAAAAAElFTkSuQmCC
            """, 3, "e6a648ad505f2bf79ad60676c73d7fb05b840086b05287fc64b9b0ccf2e1c076"
        ),
        (
            "palette of 1 bits, interlaced, tRNS, sRGB",
            """
            iVBORw0KGgoAAAANSUhEUgAAAAkAAAAGAQMAAAFcDhYQAAAAAXNSR0IArs4c6QAAAAZQTFRFuswx6IV9tfXzVQAAAAJ0Uk5TOX1Wo00D
            AAAAI0lEQVR4nGNpYG5gYmB2YH7AeIJhAnMH4wKWtl8MVxoYxbIAYmIIDnVyD4kAAAAASUVORK5CYII=
            """, 3, "8ce145bdb554f31e5b97ce8e263ad02b66fd7e360f02637a9cba6d62f2267b71"
        ),
        (
            "palette of 2 bits, interlaced, gAMA",
            """
            iVBORw0KGgoAAAANSUhEUgAAAAkAAAAGAgMAAAEbrmzAAAAABGdBTUEAALGPC/xhBQAAAAlQTFRFQTE9+lgQG78EUmm64AAAACdJREFU
            eJxjEWBhYJjCpMDygKnJgbmDZQFjI4OgSgPznLc3mGrcHQBoXwhGgpCFSwAAAABJRU5ErkJggg==
            """, 3, "255d20ba7fa6b05d13f37766be2b176a0aa2e697ef27bc0f35d0adcac3fd73f1"
        ),
        (
            "palette of 4 bits, interlaced, tRNS, gAMA, cHRM",
            """
            iVBORw0KGgoAAAANSUhEUgAAAAkAAAAGBAMAAAGU7plgAAAABGdBTUEAALGPC/xhBQAAACBjSFJNAAB6JgAAgIQAAPoAAACA6AAAdTAA
            AOpgAAA6mAAAF3CculE8AAAALVBMVEWaYOvJeLcKvlt50FpB/BRD1pADbkfRx5GlDfb/GAqVXwCrDj7SZmqkKhID7vp16PNfAAAABXRS
            TlNdV1wMIKZPgsAAAAARSURBVHicY1jHfIG5JohpHtM3hl7fDiODNwAAABFJREFUAIYFHCwrxRgvTGe6ZTVXWYF90MBHAAAAEUlEQVRR
            hcHl6WOmyi8zzBQAJ04ObHQouWcAAAAASUVORK5CYII=
            """, 3, "a0090402d41e476d1f5d48353a8a2bf5ea1170f90494e3c35a87d712c5ce21eb"
        ),
        (
            "palette of 8 bits, tRNS, gAMA, iCCP",
            """
            iVBORw0KGgoAAAANSUhEUgAAAAkAAAAGCAMAAAAmGUT3AAAABGdBTUEAALGPC/xhBQAAAA9pQ0NQeAAAeJxjYBgeAAAAyAAB12ATngAA
            AaFQTFRFpISPraCiIjl7GGr7nXzw7UKaF4yjYpmKaPTojEZwVSI3QQhTAr6iRR6+3GaEdM+qFGCbRwGPhmpZTd/wBTrVzVRJf2Kip5Jg
            dfeT9G2c7tJW7SA6iH7ICoZt88MrJVanOaFjFiugH8Y2hfG0mtULgCoqoc7Np6Ed4I0ovNqX5QCW7ueB87J/aOiuNYGYP6age549HWuV
            VNX7Z5w8Facqrq0iGVnS9itIy/ptzlTRLEpQVedjWTz58p71ATPllccr4h4q32qJWrtFVHTbzlT2aVvz3vlfTDZkiW97O3bh1HMqlD8m
            ov1V780PI4Dn/ioMmcWyLONHwGWh2QPFCw3Konr3bXGymOuYJtOFdPwr5O9aPbFy6jFSMV7O6zsoNLpaZMbyiZY/w5YsRwhWWZfxYi6W
            5AJv9/YhANlkAXVlLNObg23lYaNlD8atPge6SKH7KXIm+q1FU4tzZ8ldbqnCfytu9r0b1iWlKti+M+XG4VuH9hzv9Jkwx4wDKGPDp+wk
            i9p7rQNnnOGQMG0x/csEnqAMb/KyQFs9/y5pQWpD8LiZmG0rfwAAAD50Uk5TfJzTXn24v4HGhD8Qn0qkJ7NxvmLYyC80zAGN8szFEz2z
            8oVn8hAle7qdyan53WTDsWAak8CJOIe4rKnoi+att2o+AAAAR0lEQVR4nAE8AMP/AodvBx5FE4NdPgLMrRMr8gSWxuABgO/svPV5yRnK
            AyjJ2TZBkv/WKAFxrleSTOAc/LkD5hskv/8W7iIsHXkbwsUPBT0AAAAASUVORK5CYII=
            """, 3, "2920920f77c7bf1931d0e5a8f8ffeb779ad63f4525ad0fd8170321302d2dd4b0"
        ),
        (
            "palette of 8 bits, interlaced, sRGB",
            """
            iVBORw0KGgoAAAANSUhEUgAAAAkAAAAGCAMAAAFRHnRhAAAAAXNSR0IArs4c6QAAAVxQTFRFEoie2uRpcXorU8UcAOpDbDCdG2WqRygD
            cwHA/jn/DCfhPOa9uHrf64aCcmSMhJexC0a0nOKtQvqOmh0+8JpL7/lcWBWVuz8gFvyWEhE+C5W2KatsF0SAtCNX7U4doXL4tkP3uuE4
            rIwcGCebmiv7VQUGSkudt45VATMqkEUirFrvisR4igpl9KOYpLrEBPE8jr4HukQ97NCAyPRHE4AxSNJcIWFZCfEpC2ZQLUszBCvIwppW
            s+yxpzs5Z/Oo13+SsiZoaftMa5nIXfywKYRUu5f8STM2T8UmcEq97Mq8waWHD+X3CrTEhvbxSx0+ivWg1NSzpsEEcum+n5F5LhOVXgmD
            8tjLupoqXOs5VSer4tQZr+TAPzQShJU7UQS5HOja/oOQVpvL7PgJWkY2ODBfx7W66/xIbk7Ecdiqxe7tNm8o3fwLbafxUGDFAznUFNzB
            tMvNPFf1PAk13N3Gi6yvJgAAAEtJREFUeJxjsdZikmJ2sr/JkvGV+Zkeo94jxW+aTAk6uZFMH2U+7mIotouQZpZT5TaTthDhMGJ6ySMo
            ffaVvrMIA7uJlW+mkZEZKwCFABIwrlQyzgAAAABJRU5ErkJggg==
            """, 3, "60ce1f46056744e81c1be4344ddf84372a9dfdf651074b8440460443529b7850"
        ),
        (
            "grey with alpha of 8 bits, gAMA",
            """
            iVBORw0KGgoAAAANSUhEUgAAAAkAAAAGCAQAAAC7znxOAAAABGdBTUEAAYagMeiWXwAAACpJREFUeJwBcgCN/wGW22H65TbmKXsgII4Z
            8VcUxcACFHNjDrU1UbWq3+elLxg7cc6SjQAAACpJREFUQHNmAhDnmJJfYE2hoHkLC3/XoPKTEARaTm4qWiyDGmVEr07mL/SZtjQDFwYJ
            8QAAAClJREFUh0K2ZGve5lXn1IIABM66wPvGBCzxd1DPPqIP/lLjeNaK4nwiLXAQNQoTRhM1AAAAAElFTkSuQmCC
            """, 1, "6f6ccb42f5dfc08279b65dbee632f2065d56d8544bd031cf2fb07fa13e7873f7"
        ),
        (
            "grey with alpha of 8 bits, interlaced, gAMA, cHRM",
            """
            iVBORw0KGgoAAAANSUhEUgAAAAkAAAAGCAQAAAHMyUzYAAAABGdBTUEAANkE3LLaAgAAACBjSFJNAAB6JgAAgIQAAPoAAACA6AAAdTAA
            AOpgAAA6mAAAF3CculE8AAAAQklEQVR4nAF4AIf/BBj1/YED4qoAmAyRl1MRAE4Tw5cAGzQkTgHrUBjxFZuu+DK+Aden6ufdNJlyAxHa
            ZUuvggj3AxT2Ekm9OnLPAAAAQUlEQVQUmlgwBCmMbjo5D1EcyJHu0HvPuoxl2gBlvX5ZO+V7myITwbJP/XbZhT4BP9OkMtb2AGwNIic0
            TdxA+qGWAMk0pNiMpn0AAAAASUVORK5CYII=
            """, 1, "15fd3fdeee40cb439616f6a3f4179e23eeef0892967b0a549972863b8272740c"
        ),
        (
            "grey with alpha of 16 bits, gAMA, iCCP",
            """
            iVBORw0KGgoAAAANSUhEUgAAAAkAAAAGEAQAAADrXqANAAAABGdBTUEAAr8g0JImnAAAAA9pQ0NQeAAAeJxjYBgeAAAAyAAB12ATngAA
            AE5JREFUeJwB3gAh/wBa2SAcWAOFwQ7C63BaO7Xs9WZ1OaxDMltnf9DC4FQhyC4pOMUBjKYAaYhG77/HHVHtv/tdQOdBh8yhValioLEn
            1G9g8KwZUx2FWwAAAE5JREFUrpoOAWQbc2YYPSVXJE1UOfmxJaBtb/V0+YkK5JU0Z6LhDIr9/8h9PwK0I/Dre05IEjNe3P9Xz42pllO3
            b20xdAIP+JBlwByG+bmhZogBA1fftwAAAE1JREFUljkW4+YFZmbKtWFo4IMXLZm7r7uk4eogFF0pv761gCma1wnhAIdGUBEuizE0urjU
            mx/4/cm1uTE7vjXzrfhoJ4pxFWOOXUXno0WCbECTBuigAAAAAElFTkSuQmCC
            """, 1, "9e53aba2aae12907fe0558ffbc5dfdb4656f5bd37fcf15e777c770c705c9fa5d"
        ),
        (
            "grey with alpha of 16 bits, interlaced, sRGB",
            """
            iVBORw0KGgoAAAANSUhEUgAAAAkAAAAGEAQAAAGcWZCbAAAAAXNSR0IArs4c6QAAAFBJREFUeJwB5AAb/wIYLE5qj/JqrwRrxNUfAYZP
            dQ12cRPfYKBdfQLkoPJ7m2LUkwHVg2D4uIIqqALl8zd+rr4acumqWVy/MTvv9DgNtAOxrj6MEJyR1YJCAAAAUElEQVQCKyGLqc0WWM08
            BHUFhOVzbI55nmb/BmW0+TwEzxRnD8L24NOiPLYRwuwqjQE8Gtp10i4uhsBhzavnEb3jajikwtqKQJXHUKaYgIoHnOSsdHQYP2wAAABP
            SURBVOIAZKKP3SkVr9Sa25kSkcTH9khKyoE0duaNngNJKc0JAvGNyQIBADvtWCsBl2NEq20Vq+lDeEfw6HTAXYBFLFR2lEHh6cUpDRhW
            XIWIbMb0/bc4AAAAAElFTkSuQmCC
            """, 1, "01459a557bdb99b63a65d3d85a90e7d7bbb6ddbc40b08792d97966fc67405a78"
        ),
        (
            "RGB with alpha of 8 bits, gAMA",
            """
            iVBORw0KGgoAAAANSUhEUgAAAAkAAAAGCAYAAAARx7TFAAAABGdBTUEAANkE3LLaAgAAAOlJREFUeJwB3gAh/wSzBqyXzUT2GZUNaFTT
            mzSswK2NT9ezUE5hZgJnDkmBQzg4QCEEs5ZainbrhnmHsU0abQWlyLn23Wm1czHR6wWNECzlTVfJEfjDBNwh4DmETlqwRgLNxghNl1qL
            V7bR4Bn/JJ1WMo6tseMExQhJ8gEH/7bhJNkQc1WA0C/RN0U+ncZ3JumdrqbcXQA1LgEqlrkiVloDbHuyxB6Z4As4mWVdHNmiSq61p3Bm
            1pp1XGyMeATBI/a+gheVAUbdh02w8qDpb5g6qEdQccPTSId6joWVui2+AHlAFF0kwxHEx9LRZ/g0hW1MAAAAAElFTkSuQmCC
            """, 3, "953b3ae932063d2a40486d6cdfcac70ce79962630dd5aff95f53b53ac5f46110"
        ),
        (
            "RGB with alpha of 8 bits, interlaced, gAMA, cHRM",
            """
            iVBORw0KGgoAAAANSUhEUgAAAAkAAAAGCAYAAAFmwIRTAAAABGdBTUEAAAAB/CJQ2wAAACBjSFJNAAB6JgAAgIQAAPoAAACA6AAAdTAA
            AOpgAAA6mAAAF3CculE8AAAAeElEQVR4nAHkABv/AFqgedGSbImpAE9L7uUArqxqnO3EE6C/m9/uApkCl3pTYpKvAPFlFoNweAlcAoEH
            coSYzjIg9ipKghyL5uE6VQpiAy+B5E9N/KL74pgTzdTGSZMBerFrWnq/URSYRs4CW9aEmARTNkdxFPhkt1o9jvfDwpVuAAAAd0lEQVQ5
            K103AajA/9TW68yyjZbIBT1JnH3UlX3VfoK/fygo/yp55Um3hbgyggLmMNLYYX1Gq5fWNOLT7/+PhictCO/PGJ4vfPT64F7yHLFGm3wE
            4lQBcV6JPsXcUzd75BT1iG5f6O4XrItmGcjQdVsUvomKql64jDZxwfH4LO8AAAAASUVORK5CYII=
            """, 3, "85c84c4b1823edc8b550486ace433d8e985548300e596a45a4c9574d245be9ad"
        ),
        (
            "RGB with alpha of 16 bits, gAMA, iCCP",
            """
            iVBORw0KGgoAAAANSUhEUgAAAAkAAAAGEAYAAABBV2iGAAAABGdBTUEAAYagMeiWXwAAAA9pQ0NQeAAAeJxjYBgeAAAAyAAB12ATngAA
            AJZJREFUeJwBtgFJ/gQ9ytnn4PTV2aqbwH75pVvJrhhRH25Ttva8PurdIqhodiuxLRz/fA5c/uW1BdpXMAwjMph0GLZ9vdvEKcHhFWav
            hIQAoMMNNEMDOc8vo6JrPEeVNqiHaDCBA6sxdoeh2jCjgf6Iw8bsSRazSMNNPAez/9yHSoagBIvnFTD9LitbpQmCxGI1zqA2X0R2+84r
            e7iQHwAAAJZJREFUV8hoBFyYlzkCvG5sHlcNOsMY0gs+0oyBaCEaUhMlfVR/zhiWxMeL+1h5+Wl67siqNPwWf8gzkBqSmhjKP0tlmxQE
            U9l52m20pHAL0wKQBt5wG7oFeSddEvAJJRnWmWeUHUJHc1Sz8Pn3ixCt3opvT6tP3+Xpkx2bgJL1OjAElYpaZugUx5MVRP0xWjcNEYug
            Gkr0nM0BOMjQ6gAAAJVJREFUQDfo+tMk3NRFElEkV4+hEgjL3VDmTXg33C7USgqNJvK2/+sDxXk1SbyJfxU/8/6TtKJ2XyxuU9yxe8IQ
            8WIIUahKQ7O+DfloA7uMVih4l6Rd3MHINQw9CqzJ2VnI3R3ht72NZerEjsK3EeQ5PqnZ/zUtHXwLP6v6tl3QWQWJKUI7fgh8awVdQzJK
            yj7P47aJl6rK0dGoQaNIAAAAAElFTkSuQmCC
            """, 3, "0c76b1aa5f41c8b3fea6fd38a7960e92207b8de0b14d57638384c2c89e762424"
        ),
        (
            "RGB with alpha of 16 bits, interlaced, sRGB",
            """
            iVBORw0KGgoAAAANSUhEUgAAAAkAAAAGEAYAAAE2UFgQAAAAAXNSR0IArs4c6QAAAcdJREFUeJwBvAFD/gGuYQ/unl+FWJGMnuNURPlL
            A2yQdCXVm2viA+tb4wsIUKoeHplfWWD7a+7z5WM1qtQcOQJsWHdfzn+1I8PI2sttn2TdBNd5sRQcSPSYfUpP0FAm0+AB1UTbwVJ+jj4c
            O47qMHazP0IIMfDnm8f3WRLDcv1zQ2Rwa+UqFSKnEQH0XLcjqCo5pH5k0zZodixIxXaWbBVOs2jdbMP9++P37wA2aCr42wxMcH7vAplB
            P6x1LBcIoh1og4LJPAWdtLG6uAAqUiAp+n0jNDVf38ZxRGZMJl5DMCXLfiMvz+6UYWoF9wNerVgNIXseytHjKhHA0w3/mVr0Ha84BauM
            A/Mhs/YwEe+4ov2b1v+gx9w8I3cqVprp67xgzbfXu/h0N18lidnnIgEC8bFq1ecA9g3XQNv3r5QSB90iba+UzW4Ndd6tAFqk0Aflcnv7
            nuC0ZCRNqq9rfMokjP06lvgkauYNk1cH4CLSkPBsPAzpE81WFI/RzX/aBKyboOEEi6MGCaz/8g5ReUhia9jJDjyvmYr23E40DY9kYsTi
            NGH4EArJ0hrEAa1RIo9Hap+YNs24uYT6X2PYfHMumGzaG0GOQnhj2Q6JMuUOAAAAAElFTkSuQmCC
            """, 3, "38851369bc5760a64e52b240face0f0ec6792231e3dba61ae6ec48eeaf24e2e2"
        ),
    ]

    /// JPEG files of four components, 8 x 8: what is in them, the file, and the SHA-256 of what Pillow 13.0's `convert("RGB")` gives; of the
    /// last, which Pillow takes as inverted too, that of the inks as they are stored.
    static let inks: [(what: String, file: String, digest: String)] = [
        (
            "CMYK, inverted as Adobe has it",
            """
            /9j/7gAOQWRvYmUAZAAAAAAA/9sAQwANCQoLCggNCwoLDg4NDxMgFRMSEhMnHB4XIC4pMTAuKS0sMzpKPjM2RjcsLUBXQUZMTlJTUjI+
            WmFaUGBKUVJP/8AAFAgACAAIBEMRAE0RAFkRAEsRAP/EABUAAQEAAAAAAAAAAAAAAAAAAAQG/8QAIBAAAgEBCQAAAAAAAAAAAAAAAAUR
            IgYSFRYyQ2OBof/aAA4EQwBNAFkASwAAPwB1vdzsdnfl9HPneqssHjrDr1UQf//Z
            """, "cdbb9918b179de086ade73dd758557037b5a705dba466e6e1be2970aa5aad8a7"
        ),
        (
            "YCCK",
            """
            /9j/7gAOQWRvYmUAZAAAAAAC/9sAQwANCQoLCggNCwoLDg4NDxMgFRMSEhMnHB4XIC4pMTAuKS0sMzpKPjM2RjcsLUBXQUZMTlJTUjI+
            WmFaUGBKUVJP/8AAFAgACAAIBEMRAE0RAFkRAEsRAP/EABUAAQEAAAAAAAAAAAAAAAAAAAQG/8QAIBAAAgEBCQAAAAAAAAAAAAAAAAUR
            IgYSFRYyQ2OBof/aAA4EQwBNAFkASwAAPwB1vdzsdnfl9HPneqssHjrDr1UQf//Z
            """, "e14053f3d1e04bacf852ea0782ae3fefa62c7409dd2c7282a41c253dafb9f93d"
        ),
        (
            "CMYK without a marker",
            """
            /9j/2wBDAA0JCgsKCA0LCgsODg0PEyAVExISEyccHhcgLikxMC4pLSwzOko+MzZGNywtQFdBRkxOUlNSMj5aYVpQYEpRUk//wAAUCAAI
            AAgEQxEATREAWREASxEA/8QAFQABAQAAAAAAAAAAAAAAAAAABAb/xAAgEAACAQEJAAAAAAAAAAAAAAAABREiBhIVFjJDY4Gh/9oADgRD
            AE0AWQBLAAA/AHW93Ox2d+X0c+d6qyweOsOvVRB//9k=
            """, "4887f2147f83e5ce41704bcf2cb188be999f7861283c6bfdfcd4e69b13eb47c7"
        ),
    ]
}
