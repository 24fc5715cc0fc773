import type { DeviceInfo } from '../../protocol/messages.ts';

/** What was found out about the device: who does which work fastest. */
export function makersText(makers: NonNullable<DeviceInfo['makers']>): string {
  const names: Record<string, string> = {
    nt: 'A·Bᵀ',
    nn: 'A·B',
    tn: 'Aᵀ·B',
    'nt few': 'few rows',
    'nt 16-bit': 'A·Bᵀ of 16-bit weights',
    'nn 16-bit': 'A·B of 16-bit weights',
    decode: 'decode steps',
  };
  const found = Object.entries(makers).map(([name, maker]) => `${names[name] ?? name} by ${maker}s`);
  return found.join(', ') || 'as is known of the device';
}
