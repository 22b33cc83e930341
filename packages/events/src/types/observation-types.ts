import { AdverseEvent } from './adverse-event.ts';
import { Biomarker } from './biomarker.ts';
import { AllocationGuess, Unblinding } from './blinding.ts';
import { ChoiceTask } from './choice-task.ts';
import { ConcomitantMedication } from './concomitant-medication.ts';
import { ControlledEnvironment } from './controlled-environment.ts';
import { DoseGiven } from './dose-given.ts';
import { LabResult } from './lab-result.ts';
import { Overdose } from './overdose.ts';
import {
  ArmAssigned,
  ParticipantEnrolled,
  ParticipantLeft,
  ParticipantRandomised,
  ParticipantRerandomised,
} from './participant.ts';
import { PeriodStarted } from './period-started.ts';
import { ProtocolDeviation } from './protocol-deviation.ts';
import { ScaleScore } from './scale-score.ts';
import { Screened } from './screened.ts';
import { TherapySession } from './therapy-session.ts';
import { UrineScreen } from './urine-screen.ts';
import { UseCalendar } from './use-calendar.ts';
import { VisitAttended, VisitMissed } from './visit.ts';
import { VitalSigns } from './vital-signs.ts';
import { ConsentWithdrawn, TreatmentDiscontinued } from './withdrawal.ts';

/** Everything that can be observed of a participant, by short type name. A new type is one line here. */
export const observationTypes = {
  screened: Screened,
  'participant-enrolled': ParticipantEnrolled,
  'participant-randomised': ParticipantRandomised,
  'participant-rerandomised': ParticipantRerandomised,
  'arm-assigned': ArmAssigned,
  'period-started': PeriodStarted,
  'visit-attended': VisitAttended,
  'visit-missed': VisitMissed,
  'urine-screen': UrineScreen,
  biomarker: Biomarker,
  'use-calendar': UseCalendar,
  'scale-score': ScaleScore,
  'choice-task': ChoiceTask,
  'dose-given': DoseGiven,
  'therapy-session': TherapySession,
  'vital-signs': VitalSigns,
  'lab-result': LabResult,
  'concomitant-medication': ConcomitantMedication,
  'protocol-deviation': ProtocolDeviation,
  overdose: Overdose,
  'adverse-event': AdverseEvent,
  'controlled-environment': ControlledEnvironment,
  'treatment-discontinued': TreatmentDiscontinued,
  'participant-left': ParticipantLeft,
  'consent-withdrawn': ConsentWithdrawn,
  'allocation-guess': AllocationGuess,
  unblinding: Unblinding,
} as const;

export type ObservationType = keyof typeof observationTypes;
