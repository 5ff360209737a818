#!/usr/bin/perl
# Makes what the clients sign: app.exe (the smallest PE32 program: DOS stub, headers, one section)
# and doc.pdf (one empty page) in the current folder.
use strict;
use warnings;

sub put {
	my ($name, $bytes) = @_;
	open(my $out, '>:raw', $name) or die "make_files: $name: $!\n";
	print {$out} $bytes;
	close($out) or die "make_files: $name: $!\n";
}

sub program {
	my $alignment = 512;
	my $dos = 'MZ' . "\0" x 58 . pack('V', 64);
	my $coff = "PE\0\0" . pack('vvVVVvv', 0x14c, 1, 0, 0, 0, 224, 0x102); # i386, one section
	my $optional = pack('vCCVVVVVV', 0x10b, 1, 0, $alignment, 0, 0, 4096, 4096, 8192)
		. pack('VVVvvvvvvVVVVvv', 0x400000, 4096, $alignment, 4, 0, 0, 0, 4, 0, 0, 8192,
			$alignment, 0, 3, 0)
		. pack('VVVVVV', 1 << 20, 4096, 1 << 20, 4096, 0, 16) . "\0" x 128;
	my $section = ".text\0\0\0" . pack('VVVVVVvvV', 16, 4096, $alignment, $alignment, 0, 0, 0, 0,
		0x60000020);
	my $head = $dos . $coff . $optional . $section;
	my $code = "\x31\xc0\xc3"; # xor eax, eax; ret
	return $head . "\0" x ($alignment - length $head) . $code . "\0" x ($alignment - length $code);
}

sub document {
	my @objects = (
		'<< /Type /Catalog /Pages 2 0 R >>',
		'<< /Type /Pages /Kids [3 0 R] /Count 1 >>',
		'<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << >> /Contents 4 0 R >>',
		"<< /Length 0 >>\nstream\n\nendstream",
	);
	my $text = "%PDF-1.7\n%\xe2\xe3\xcf\xd3\n";
	my $table = "0000000000 65535 f \n";
	for my $i (0 .. $#objects) {
		$table .= sprintf("%010d 00000 n \n", length $text);
		$text .= sprintf("%d 0 obj\n%s\nendobj\n", $i + 1, $objects[$i]);
	}
	my $count = @objects + 1;
	return $text . "xref\n0 $count\n$table"
		. "trailer\n<< /Size $count /Root 1 0 R >>\nstartxref\n" . length($text) . "\n%%EOF\n";
}

put('app.exe', program());
put('doc.pdf', document());
